// Everything that a runner and its client decode of each other: nothing crashes, every value that
// decodes has one encoding, and no request gets past its bounds.
#include <cstdlib>

#include "executor/proc_files.hpp"
#include "executor/wire.hpp"

namespace {

using mayfly::ByteView;
using namespace mayfly::executor;

void require(bool holds) {
  if (!holds) std::abort();
}

bool equal(ByteView left, ByteView right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (const auto request = decode_request(bytes)) {
    require(equal(encode_request(*request), bytes));
    require(check_request(*request).has_value());
  }
  if (const auto report = decode_report(bytes)) require(equal(encode_report(*report), bytes));
  if (const auto order = decode_root_order(bytes)) {
    require(equal(encode_root_order(*order), bytes));
  }
  if (const auto order = decode_job_order(bytes)) require(equal(encode_job_order(*order), bytes));
  if (const auto order = decode_recorder_order(bytes)) {
    require(equal(encode_recorder_order(*order), bytes));
  }
  if (const auto events = decode_events(bytes)) {
    mayfly::Bytes again;
    for (const Event& event : *events) append_event(event, again);
    require(equal(again, bytes));
  }
  if (const auto error = decode_failure(bytes)) require(equal(encode_failure(*error), bytes));
  static_cast<void>(parse_status(mayfly::text_of(bytes)));
  FrameReader frames(1024);
  Message message;
  message.bytes.assign(bytes.begin(), bytes.end());
  static_cast<void>(frames.accept(std::move(message)));
  return 0;
}
