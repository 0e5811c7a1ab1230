#include "cli/trace_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"

namespace mayfly::cli {

Result<void> read_trace_lines(const std::string& path,
                              const std::function<Result<void>(std::string_view)>& on_line) {
  const std::string doing = "reading the trace " + path;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(doing);
  std::array<char, std::size_t{64} * 1024> block{};
  std::string line;
  for (;;) {
    const ssize_t count = ::read(file.borrow(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(doing);
    if (count == 0) break;
    std::string_view rest(block.data(), static_cast<std::size_t>(count));
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      line.append(rest.substr(0, end));
      if (line.size() > verifier::trace_line_bytes_max) return on_line(line);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
      CHECK_OK(on_line(line));
      line.clear();
    }
  }
  return line.empty() ? Result<void>() : on_line(line);
}

Result<verifier::GivenTrace> read_trace(const std::string& path) {
  verifier::TraceCheck check;
  CHECK_OK(read_trace_lines(path, [&check](std::string_view line) -> Result<void> {
    check.add(line);
    return {};
  }));
  return std::move(check).finish();
}

}  // namespace mayfly::cli
