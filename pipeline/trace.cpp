#include "pipeline/trace.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text_encoding.hpp"
#include "certificate/canonical_writer.hpp"
#include "certificate/disclosure.hpp"
#include "crypto/random.hpp"
#include "crypto/wipe.hpp"
#include "pipeline/model_record.hpp"
#include "pipeline/utf8_text.hpp"
#include "transparency/trace_leaf.hpp"

namespace mayfly::pipeline {
namespace {

std::string_view name_of(executor::FileCall call) {
  using enum executor::FileCall;
  switch (call) {
    case read: return "open-read";
    case write: return "open-write";
    case create: return "open-create";
    case make_directory: return "mkdir";
    case make_node: return "mknod";
    case remove: return "remove";
    case rename: return "rename";
    case link: return "link";
    case symlink: return "symlink";
    case truncate: return "truncate";
    case connect: return "connect";
    case bind: return "bind";
    case refuse: return "refused-call";
    case send: return "send";
    case execute: return "exec-failed";
  }
  return "open-read";
}

constexpr std::size_t salt_seed_bytes = 32;

// Of the event with this place in the trace.
transparency::TraceSalt salt_of(ByteView seed, std::uint64_t place) {
  Bytes label;
  const ByteView tag = bytes_of("mayfly/trace-salt/v1\n");
  label.assign(tag.begin(), tag.end());
  for (int shift = 56; shift >= 0; shift -= 8) {
    label.push_back(static_cast<std::uint8_t>(place >> shift));
  }
  crypto::Sha256 drawn = crypto::hmac_sha256(seed, label);
  transparency::TraceSalt salt;
  std::copy_n(drawn.bytes.begin(), salt.size(), salt.begin());
  crypto::wipe(drawn.bytes);
  return salt;
}

std::string_view word_of(const executor::ExecEvent& event) {
  return event.denied ? "exec-denied" : "exec";
}

Result<std::string> event_json(const executor::FileEvent& event) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("at_us", event.at_us);
  writer.member("error", event.error);
  writer.member("event", name_of(event.call));
  writer.member("path", printable_name(event.path));
  writer.member("pid", event.pid);
  if (!event.second.empty()) writer.member("second", printable_name(event.second));
  writer.end_object();
  return std::move(writer).finish();
}

Result<std::string> event_json(const executor::ExecEvent& event) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.name("argv");
  writer.begin_array();
  for (const std::string& argument : event.argv) writer.string(printable_name(argument));
  writer.end_array();
  writer.member("at_us", event.at_us);
  writer.member("digest", crypto::to_text(event.digest));
  writer.member("event", word_of(event));
  writer.member("parent", event.parent);
  writer.member("path", printable_name(event.path));
  writer.member("pid", event.pid);
  writer.member("size", static_cast<std::int64_t>(event.size_bytes));
  writer.end_object();
  return std::move(writer).finish();
}

Result<std::string> event_json(const executor::ExecEnd& event) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("at_us", event.at_us);
  writer.member("event", "exit");
  writer.member("exit_code", event.exit_code);
  writer.member("pid", event.pid);
  writer.name("replaced");
  writer.boolean(event.replaced);
  writer.end_object();
  return std::move(writer).finish();
}

}  // namespace

TraceRecorder::TraceRecorder(Job job, TraceSink sink, crypto::LockedSecret salt_seed)
    : sink_(std::move(sink)),
      salt_seed_(std::move(salt_seed)),
      tool_uses_(std::move(job.scripts), job.disclosure_key),
      file_ops_(job.disclosure_key),
      addresses_(job.loopback_port) {}

Result<TraceRecorder> TraceRecorder::start(Job job, TraceSink sink) {
  TRY(crypto::LockedSecret seed, crypto::LockedSecret::allocate(salt_seed_bytes));
  crypto::fill_random(seed.bytes());
  return TraceRecorder(std::move(job), std::move(sink), std::move(seed));
}

void TraceRecorder::seal(std::string_view word, const std::string& json) {
  transparency::TraceSalt salt = salt_of(salt_seed_.view(), tree_.size());
  const crypto::Sha256 leaf = transparency::trace_leaf(salt, bytes_of(json));
  tree_.append(leaf);
  ++kinds_[std::string(certificate::kind_of_event(word))];
  if (sink_) {
    line_ = "{\"event\":" + json + ",\"leaf\":\"" + hex_encode(leaf.bytes) + "\",\"salt\":\"";
    for (const std::uint8_t byte : salt) line_ += hex_encode({&byte, 1});
    line_ += "\"}";
    sink_(line_);
    explicit_bzero(line_.data(), line_.size());
  }
  crypto::wipe(salt);
}

Result<void> TraceRecorder::add(const executor::Event& event) {
  return std::visit([this](const auto& one) { return take(one); }, event);
}

Result<void> TraceRecorder::take(const executor::RunStarted& event) {
  if (!started_) started_ = event.at;
  later_by_us_ = 1000 * std::max<std::int64_t>(event.at.value - started_->value, 0);
  return {};
}

Result<void> TraceRecorder::take(executor::ExecEvent event) {
  event.at_us += later_by_us_;
  tool_uses_.add(event);
  TRY(const std::string json, event_json(event));
  seal(word_of(event), json);
  return {};
}

Result<void> TraceRecorder::take(executor::ExecEnd event) {
  event.at_us += later_by_us_;
  tool_uses_.end(event);
  TRY(const std::string json, event_json(event));
  seal("exit", json);
  return {};
}

Result<void> TraceRecorder::take(executor::FileEvent event) {
  event.at_us += later_by_us_;
  file_ops_.add(event);
  addresses_.add(event);
  TRY(const std::string json, event_json(event));
  seal(name_of(event.call), json);
  return {};
}

Result<RecordedTrace> TraceRecorder::finish(const std::vector<gateway::CallRecord>& calls) && {
  TRY(const std::vector<CallEvent> asked, call_events(calls, started_.value_or(UnixMillis{})));
  for (const CallEvent& call : asked) seal("llm", call.json);
  return RecordedTrace{.root = tree_.root(),
                       .size = static_cast<std::int64_t>(tree_.size()),
                       .kinds = std::move(kinds_),
                       .tool_uses = std::move(tool_uses_).finish(),
                       .file_ops = std::move(file_ops_).finish(),
                       .network_calls = std::move(addresses_).finish()};
}

}  // namespace mayfly::pipeline
