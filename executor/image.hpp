// Which of the paths that a job sees are files of its image: read-only, the host's, measured by
// use.
//
// Threads   Pure.
#pragma once
#include <algorithm>
#include <array>
#include <string_view>

namespace mayfly::executor {

// Where root_fs.cpp shows them. A link like /bin is followed before anything is recorded.
inline constexpr std::array<std::string_view, 5> image_folders = {"/usr/", "/etc/", "/bin/",
                                                                  "/sbin/", "/lib"};

constexpr bool is_of_image(std::string_view path) {
  return std::ranges::any_of(image_folders,
                             [&](std::string_view folder) { return path.starts_with(folder); });
}

}  // namespace mayfly::executor
