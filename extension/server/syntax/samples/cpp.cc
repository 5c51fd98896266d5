#include <string>
#include <vector>

namespace shelf {

template <typename T>
struct Jar {
  T content;
  int count = 1;
};

class Shelf {
 public:
  explicit Shelf(std::string name) : name_(std::move(name)) {}

  int Add(const Jar<std::string>& jar) {
    if (jar.count <= 0) {
      return -1;
    } else {
      jars_.push_back(jar);
    }
    return static_cast<int>(jars_.size());
  }

  template <typename F>
  void ForEach(F visit) const {
    for (const auto& jar : jars_) visit(jar);
  }

 private:
  std::string name_;
  std::vector<Jar<std::string>> jars_;
};

int Total(const Shelf& shelf) {
  int total = 0;
  shelf.ForEach([&total](const auto& jar) {
    switch (jar.count) {
      case 0: break;
      default: total += jar.count;
    }
  });
  return total;
}

}  // namespace shelf
