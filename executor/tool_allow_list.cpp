#include "executor/tool_allow_list.hpp"

#include "executor/tools.hpp"

namespace mayfly::executor {

Result<ToolAllowList> ToolAllowList::of(std::span<const std::string> tools) {
  ToolAllowList list;
  if (tools.empty()) return list;
  TRY(const auto programs, programs_of_tools(tools));
  list.programs_.emplace();
  for (const std::string& program : programs) {
    struct stat status{};
    if (::stat(program.c_str(), &status) != 0) return fail_errno("looking at " + program);
    list.programs_->emplace(status.st_dev, status.st_ino);
  }
  return list;
}

}  // namespace mayfly::executor
