// A view of a row-major matrix.
#pragma once

#include <cstddef>
#include <type_traits>

namespace paddock {

template <typename T>
struct Rows {
  Rows() = default;
  Rows(T* first, size_t row_stride) : data(first), stride(row_stride) {}

  T* Row(size_t i) const { return data + i * stride; }
  T* At(size_t row, size_t column) const { return data + row * stride + column; }
  // The same matrix without the rows and columns before these.
  Rows From(size_t row, size_t column = 0) const { return {At(row, column), stride}; }

  operator Rows<const T>() const  // NOLINT: a view of constants is a narrower promise
      requires(!std::is_const_v<T>) {
    return {data, stride};
  }

  T* data = nullptr;
  size_t stride = 0;  // elements from one row to the next
};

}  // namespace paddock
