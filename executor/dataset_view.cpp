#include "executor/dataset_view.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace mayfly::executor {

Result<std::vector<UniqueFd>> open_read_only(const std::vector<UniqueFd>& dataset) {
  std::vector<UniqueFd> out;
  for (const UniqueFd& file : dataset) {
    const std::string path = "/proc/self/fd/" + std::to_string(file.borrow());
    out.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!out.back()) return fail_errno("opening a dataset file read-only");
  }
  return out;
}

Result<void> link_dataset(const UniqueFd& root, const std::vector<std::string>& names,
                          const std::vector<UniqueFd>& descriptors) {
  if (names.size() != descriptors.size()) {
    return fail(ErrorCode::internal, "dataset names and descriptors do not match");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string path = "data/" + names[i];
    for (std::size_t slash = path.find('/', sizeof "data/" - 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (::mkdirat(root.borrow(), path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
        return fail_errno("making a directory of the dataset");
      }
    }
    const std::string target = "/proc/1/fd/" + std::to_string(descriptors[i].borrow());
    if (::symlinkat(target.c_str(), root.borrow(), path.c_str()) != 0) {
      return fail_errno("making a dataset file's link");
    }
  }
  return {};
}

}  // namespace mayfly::executor
