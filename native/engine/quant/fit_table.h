// What quantizing weights needs of an instruction set: fits of a line through groups of elements, sixteen groups side
// by side. Plain structs and function pointers, for the reasons given in kernels/kernel_table.h.
//
// A vector holds the same element of several groups, and each sum is made in the order of the elements by multiplying
// and then adding, so the results are the same bits with every instruction set.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace paddock {

inline constexpr int kFitGroups = 16;
inline constexpr int kFitElements = 32;  // of a group, at most

struct FitGroups {
  int n;  // elements of each group
  float x[kFitElements][kFitGroups];
  float w[kFitElements][kFitGroups];  // what the squared error of each counts, > 0, of the order of 1
};

struct FitTable {
  // x ~ scale * q with q in [low, high], low < 0: the scales, [kFitGroups], of either sign.
  void (*scales)(const FitGroups& groups, int low, int high, float* scale);
  // x ~ scale * q + offset with q in [0, levels] and scale >= 0; with `below`, also offset <= 0.
  void (*lines)(const FitGroups& groups, int levels, bool below, float* scale, float* offset);
  // x ~ scale * kIq4NlCodebook[q].
  void (*uneven_scales)(const FitGroups& groups, float* scale);
  // The nearest of these q, [n][kFitGroups]; some q where the scale is 0.
  void (*uneven_codes)(const FitGroups& groups, const float* scale, int8_t (*code)[kFitGroups]);
  // The weighted squared errors of the nearest q in [low, high].
  void (*errors)(const FitGroups& groups, const float* scale, const float* offset, int low, int high, float* error);
  // The nearest q, [n][kFitGroups]; where the scale is 0, the nearest to 0.
  void (*codes)(const FitGroups& groups, const float* scale, const float* offset, int low, int high,
                int8_t (*code)[kFitGroups]);
  // Half precision to single; n is a multiple of 16.
  void (*widen)(const uint16_t* half, int n, float* out);
};

}  // namespace paddock
