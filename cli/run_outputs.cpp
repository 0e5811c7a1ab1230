#include "cli/run_outputs.hpp"

#include <unistd.h>

#include <utility>

namespace mayfly::cli {
namespace {

Result<std::optional<PendingFile>> open_place(const std::string& path, std::string_view option) {
  if (path.empty()) return std::optional<PendingFile>();
  auto file = path == "-" ? PendingFile::of_descriptor(STDOUT_FILENO) : PendingFile::open(path);
  if (!file) return std::unexpected(std::move(file).error().while_doing(option));
  return std::optional<PendingFile>(std::move(*file));
}

Result<void> write_place(std::optional<PendingFile> place, ByteView bytes,
                         std::string_view option) {
  if (!place) return {};
  auto written = std::move(*place).write(bytes);
  if (!written) return std::unexpected(std::move(written).error().while_doing(option));
  return {};
}

bool is_standard_output(const std::optional<PendingFile>& place) {
  return place && place->descriptor() == STDOUT_FILENO;
}

}  // namespace

Result<RunOutputs> RunOutputs::open(const std::string& certificate, const std::string& trace) {
  RunOutputs outputs;
  TRY(outputs.certificate_, open_place(certificate, "-o"));
  TRY(outputs.trace_, open_place(trace, "--trace"));
  if (outputs.certificate_ && outputs.trace_ &&
      outputs.certificate_->is_same_place(*outputs.trace_)) {
    return fail(ErrorCode::malformed,
                "-o and --trace name the same place, and one would overwrite the other: name two");
  }
  return outputs;
}

bool RunOutputs::take_standard_output() const {
  return is_standard_output(certificate_) || is_standard_output(trace_);
}

Result<void> RunOutputs::write_certificate(const pipeline::Certified& certified) {
  return write_place(std::exchange(certificate_, std::nullopt), certified.certificate, "-o");
}

Result<void> RunOutputs::write_trace(const pipeline::Certified& certified) {
  if (!trace_) return {};
  std::string text;
  for (const std::string& line : certified.trace_lines) text += line + "\n";
  return write_place(std::exchange(trace_, std::nullopt), bytes_of(text), "--trace");
}

}  // namespace mayfly::cli
