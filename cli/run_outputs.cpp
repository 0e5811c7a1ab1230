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
  return is_standard_output(certificate_) || is_standard_output(trace_) ||
         trace_is_standard_output_;
}

Result<void> RunOutputs::write_certificate(ByteView certificate) {
  return write_place(std::exchange(certificate_, std::nullopt), certificate, "-o");
}

Result<void> RunOutputs::write_trace(ByteView lines) {
  return write_place(std::exchange(trace_, std::nullopt), lines, "--trace");
}

Result<pipeline::TraceSink> RunOutputs::trace_sink() {
  if (!trace_) return pipeline::TraceSink();
  trace_is_standard_output_ = is_standard_output(trace_);
  auto begun = std::move(*trace_).begin();
  trace_.reset();
  if (!begun) return std::unexpected(std::move(begun).error().while_doing("--trace"));
  growing_trace_.emplace(std::move(*begun));
  return [this](std::string_view line) {
    if (trace_error_) return;  // a run that has begun is certified even so
    auto written = growing_trace_->append(bytes_of(std::string(line) + "\n"));
    if (!written) trace_error_ = std::move(written).error();
  };
}

Result<void> RunOutputs::finish_trace() {
  if (!growing_trace_) return {};
  Result<void> written = trace_error_ ? std::unexpected(*std::move(trace_error_))
                                      : std::move(*growing_trace_).finish();
  growing_trace_.reset();
  if (!written) return std::unexpected(std::move(written).error().while_doing("--trace"));
  return {};
}

}  // namespace mayfly::cli
