#include "executor/wire.hpp"

#include <algorithm>
#include <type_traits>

#include "base/byte_reader.hpp"

namespace mayfly::executor {
namespace {

class Writer {
 public:
  Writer() : out_(own_) {}
  explicit Writer(Bytes& to) : out_(to) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u32(std::uint32_t value) { little_endian(value); }
  void u64(std::uint64_t value) { little_endian(value); }
  void i32(std::int32_t value) { little_endian(static_cast<std::uint32_t>(value)); }
  void i64(std::int64_t value) { little_endian(static_cast<std::uint64_t>(value)); }
  void count(std::size_t value) { u32(static_cast<std::uint32_t>(value)); }
  void bytes(ByteView value) {
    count(value.size());
    out_.insert(out_.end(), value.begin(), value.end());
  }
  void text(std::string_view value) { bytes(bytes_of(value)); }
  void texts(const std::vector<std::string>& values) {
    count(values.size());
    for (const std::string& value : values) text(value);
  }
  void map(const std::map<std::string, std::string>& values) {
    count(values.size());
    for (const auto& [key, value] : values) {
      text(key);
      text(value);
    }
  }
  void digest(const crypto::Sha256& value) {
    out_.insert(out_.end(), value.bytes.begin(), value.bytes.end());
  }
  void digest_if_any(const std::optional<crypto::Sha256>& value) {
    u8(value ? 1 : 0);
    if (value) digest(*value);
  }
  Bytes take() { return std::move(own_); }

 private:
  template <class T>
  void little_endian(T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }
  Bytes own_;
  Bytes& out_;
};

class Reader {
 public:
  explicit Reader(ByteView bytes) : in_(bytes) {}

  Result<std::uint8_t> u8() { return in_.take_u8(); }
  Result<std::uint64_t> u64() { return in_.take_u64_le(); }
  Result<std::int32_t> i32() {
    TRY(const std::uint32_t value, in_.take_u32_le());
    return static_cast<std::int32_t>(value);
  }
  Result<std::int64_t> i64() {
    TRY(const std::uint64_t value, in_.take_u64_le());
    return static_cast<std::int64_t>(value);
  }
  // `item_bytes_min`: a count that cannot fit in what is left is refused before memory is taken.
  Result<std::size_t> count(std::size_t most, std::size_t item_bytes_min) {
    TRY(const std::uint32_t value, in_.take_u32_le());
    if (value > most) {
      return fail(ErrorCode::limit, "a list of " + std::to_string(value) + " items, at most " +
                                        std::to_string(most) + " are possible");
    }
    if (value * item_bytes_min > in_.remaining()) {
      return fail(ErrorCode::malformed, "a list is longer than its message");
    }
    return value;
  }
  Result<Bytes> bytes(std::size_t most) {
    TRY(const std::size_t size, count(most, 1));
    TRY(const ByteView view, in_.take(size));
    return Bytes(view.begin(), view.end());
  }
  Result<std::string> text(std::size_t most) {
    TRY(const std::size_t size, count(most, 1));
    TRY(const ByteView view, in_.take(size));
    return std::string(text_of(view));
  }
  Result<std::vector<std::string>> texts(std::size_t count_max, std::size_t bytes_max) {
    TRY(const std::size_t size, count(count_max, 4));
    std::vector<std::string> out(size);
    for (std::string& item : out) {
      TRY(item, text(bytes_max));
    }
    return out;
  }
  Result<std::map<std::string, std::string>> map() {
    TRY(const std::size_t size, count(map_entries_max, 8));
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < size; ++i) {
      TRY(std::string key, text(text_bytes_max));
      TRY(std::string value, text(text_bytes_max));
      if (!out.empty() && out.rbegin()->first >= key) {
        return fail(ErrorCode::malformed, "a map is not sorted");
      }
      out.emplace_hint(out.end(), std::move(key), std::move(value));
    }
    return out;
  }
  Result<bool> flag() {
    TRY(const std::uint8_t value, u8());
    if (value > 1) return fail(ErrorCode::malformed, "a flag is neither 0 nor 1");
    return value == 1;
  }
  Result<crypto::Sha256> digest() {
    TRY(const auto value, in_.take_array<32>());
    return crypto::Sha256{value};
  }
  Result<std::optional<crypto::Sha256>> digest_if_any() {
    TRY(const bool present, flag());
    if (!present) return std::optional<crypto::Sha256>();
    TRY(const crypto::Sha256 value, digest());
    return std::optional(value);
  }
  // Absent: 0.
  Result<std::optional<std::uint16_t>> port() {
    TRY(const std::uint64_t value, u64());
    if (value > UINT16_MAX) {
      return fail(ErrorCode::malformed, "a port past 65535");
    }
    if (value == 0) return std::optional<std::uint16_t>();
    return std::optional(static_cast<std::uint16_t>(value));
  }
  bool at_end() const { return in_.remaining() == 0; }
  Result<void> end() const {
    if (at_end()) return {};
    return fail(ErrorCode::malformed, "bytes after the end of a message");
  }

 private:
  ByteReader in_;
};

// The order of the members below is the format.
template <class LimitsType, class Visit>
Result<void> for_each_limit(LimitsType& limits, Visit visit) {
  for (auto* member :
       {&limits.wall_ms, &limits.cpu_ms, &limits.memory_bytes, &limits.pids, &limits.open_files,
        &limits.disk_bytes, &limits.disk_inodes, &limits.output_bytes}) {
    CHECK_OK(visit(*member));
  }
  return {};
}

void write_outcome(Writer& out, const Outcome& outcome) {
  out.u8(static_cast<std::uint8_t>(outcome.index()));
  if (const auto* exited = std::get_if<Exited>(&outcome)) out.i32(exited->code);
  if (const auto* signalled = std::get_if<Signalled>(&outcome)) out.i32(signalled->signal);
  if (const auto* hit = std::get_if<LimitHit>(&outcome)) {
    out.u8(static_cast<std::uint8_t>(hit->kind));
  }
  if (const auto* denied = std::get_if<Denied>(&outcome)) out.text(denied->what);
  if (const auto* not_started = std::get_if<NotStarted>(&outcome)) out.text(not_started->why);
}

Result<Outcome> read_outcome(Reader& in) {
  static_assert(
      std::is_same_v<Outcome,
                     std::variant<Exited, Signalled, TimedOut, LimitHit, Denied, NotStarted>>,
      "the cases below are the indices of Outcome");
  TRY(const std::uint8_t index, in.u8());
  switch (index) {
    case 0: {
      TRY(const std::int32_t code, in.i32());
      return Outcome(Exited{code});
    }
    case 1: {
      TRY(const std::int32_t signal, in.i32());
      return Outcome(Signalled{signal});
    }
    case 2: return Outcome(TimedOut{});
    case 3: {
      TRY(const std::uint8_t kind, in.u8());
      if (kind > static_cast<std::uint8_t>(LimitKind::disk)) {
        return fail(ErrorCode::malformed, "an unknown limit");
      }
      return Outcome(LimitHit{static_cast<LimitKind>(kind)});
    }
    case 4: {
      TRY(std::string what, in.text(text_bytes_max));
      return Outcome(Denied{std::move(what)});
    }
    case 5: {
      TRY(std::string why, in.text(text_bytes_max));
      return Outcome(NotStarted{std::move(why)});
    }
    default: return fail(ErrorCode::malformed, "an unknown outcome");
  }
}

void write_execution(Writer& out, const ExecEvent& event) {
  out.i64(event.at_us);
  out.i32(event.pid);
  out.i32(event.parent);
  out.text(event.path);
  out.digest(event.digest);
  out.u64(event.size_bytes);
  out.texts(event.argv);
  out.u8(event.denied ? 1 : 0);
}

Result<ExecEvent> read_execution(Reader& in) {
  ExecEvent event;
  TRY(event.at_us, in.i64());
  TRY(event.pid, in.i32());
  TRY(event.parent, in.i32());
  TRY(event.path, in.text(text_bytes_max));
  TRY(event.digest, in.digest());
  TRY(event.size_bytes, in.u64());
  TRY(event.argv, in.texts(report_bytes_max, report_bytes_max));
  TRY(event.denied, in.flag());
  return event;
}

void write_end(Writer& out, const ExecEnd& event) {
  out.i64(event.at_us);
  out.i32(event.pid);
  out.i32(event.exit_code);
  out.u8(event.replaced ? 1 : 0);
}

Result<ExecEnd> read_end(Reader& in) {
  ExecEnd event;
  TRY(event.at_us, in.i64());
  TRY(event.pid, in.i32());
  TRY(event.exit_code, in.i32());
  TRY(event.replaced, in.flag());
  return event;
}

void write_file_event(Writer& out, const FileEvent& event) {
  out.i64(event.at_us);
  out.i32(event.pid);
  out.u8(static_cast<std::uint8_t>(event.call));
  out.i32(event.error);
  out.text(event.path);
  out.text(event.second);
}

Result<FileEvent> read_file_event(Reader& in) {
  FileEvent event;
  TRY(event.at_us, in.i64());
  TRY(event.pid, in.i32());
  TRY(const std::uint8_t call, in.u8());
  if (call > static_cast<std::uint8_t>(FileCall::send)) {
    return fail(ErrorCode::malformed, "an unknown file call");
  }
  event.call = static_cast<FileCall>(call);
  TRY(event.error, in.i32());
  TRY(event.path, in.text(text_bytes_max));
  TRY(event.second, in.text(text_bytes_max));
  return event;
}

Result<Event> read_event(Reader& in) {
  static_assert(std::is_same_v<Event, std::variant<RunStarted, ExecEvent, ExecEnd, FileEvent>>,
                "the cases below are the indices of Event");
  TRY(const std::uint8_t index, in.u8());
  switch (index) {
    case 0: {
      RunStarted event;
      TRY(event.at.value, in.i64());
      return Event(event);
    }
    case 1: {
      TRY(ExecEvent event, read_execution(in));
      return Event(std::move(event));
    }
    case 2: {
      TRY(const ExecEnd event, read_end(in));
      return Event(event);
    }
    case 3: {
      TRY(FileEvent event, read_file_event(in));
      return Event(std::move(event));
    }
    default: return fail(ErrorCode::malformed, "an unknown event");
  }
}

void write_image_files(Writer& out, const std::vector<ImageFile>& files) {
  out.count(files.size());
  for (const ImageFile& file : files) {
    out.text(file.path);
    out.digest(file.digest);
    out.u64(file.size_bytes);
  }
}

Result<std::vector<ImageFile>> read_image_files(Reader& in) {
  TRY(const std::size_t count, in.count(2 * image_files_max + 1, 44));  // of two recorders
  std::vector<ImageFile> files(count);
  for (ImageFile& file : files) {
    TRY(file.path, in.text(text_bytes_max));
    TRY(file.digest, in.digest());
    TRY(file.size_bytes, in.u64());
  }
  return files;
}

void write_scripts(Writer& out, const std::vector<ScriptFile>& scripts) {
  out.count(scripts.size());
  for (const ScriptFile& script : scripts) {
    out.text(script.name);
    out.bytes(script.contents);
  }
}

Result<std::vector<ScriptFile>> read_scripts(Reader& in) {
  TRY(const std::size_t count, in.count(scripts_max, 8));
  std::vector<ScriptFile> scripts(count);
  for (ScriptFile& script : scripts) {
    TRY(script.name, in.text(file_name_bytes_max));
    TRY(script.contents, in.bytes(script_bytes_max));
  }
  return scripts;
}

}  // namespace

Result<void> send_frame(const Channel& channel, FrameType type, ByteView payload,
                        std::span<const UniqueFd> descriptors) {
  constexpr std::size_t piece_bytes_max = message_bytes_max - 1;
  Bytes message;
  do {
    const ByteView piece = payload.first(std::min(payload.size(), piece_bytes_max));
    payload = payload.subspan(piece.size());
    message.assign(1, static_cast<std::uint8_t>(payload.empty() ? type : FrameType::continued));
    message.insert(message.end(), piece.begin(), piece.end());
    CHECK_OK(channel.send(message, descriptors));
    descriptors = {};
  } while (!payload.empty());
  return {};
}

Result<std::optional<Frame>> FrameReader::accept(Message message) {
  if (message.bytes.empty() ||
      message.bytes.front() > static_cast<std::uint8_t>(FrameType::events)) {
    return fail(ErrorCode::malformed, "a frame of an unknown type");
  }
  if (frame_.payload.size() + message.bytes.size() - 1 > payload_bytes_max_ ||
      frame_.descriptors.size() + message.descriptors.size() > dataset_files_max) {
    return fail(ErrorCode::limit, "a frame of more than " + std::to_string(payload_bytes_max_) +
                                      " bytes or too many descriptors");
  }
  frame_.payload.insert(frame_.payload.end(), message.bytes.begin() + 1, message.bytes.end());
  std::ranges::move(message.descriptors, std::back_inserter(frame_.descriptors));
  frame_.type = static_cast<FrameType>(message.bytes.front());
  if (frame_.type == FrameType::continued) return std::optional<Frame>();
  return std::optional(std::exchange(frame_, Frame()));
}

Bytes encode_request(const RunRequest& request) {
  Writer out;
  out.texts(request.spec.argv);
  out.texts(request.spec.environment);
  write_scripts(out, request.spec.scripts);
  out.texts(request.spec.tools);
  out.text(request.spec.policy);
  out.digest_if_any(request.spec.seed);
  const auto written = for_each_limit(request.spec.limits, [&](const std::int64_t& limit) {
    out.i64(limit);
    return Result<void>();
  });
  static_cast<void>(written);  // Writing to memory cannot fail.
  out.u8(static_cast<std::uint8_t>(request.spec.left_files));
  out.texts(request.dataset_names);
  out.u64(request.spec.loopback_port.value_or(0));
  return out.take();
}

Result<RunRequest> decode_request(ByteView bytes) {
  if (bytes.size() > request_bytes_max) {
    return fail(ErrorCode::limit,
                "a request of more than " + std::to_string(request_bytes_max) + " bytes");
  }
  Reader in(bytes);
  RunRequest request;
  TRY(request.spec.argv, in.texts(arguments_max, argument_bytes_max));
  TRY(request.spec.environment, in.texts(environment_max, argument_bytes_max));
  TRY(request.spec.scripts, read_scripts(in));
  TRY(request.spec.tools, in.texts(tools_max, argument_bytes_max));
  TRY(request.spec.policy, in.text(text_bytes_max));
  TRY(request.spec.seed, in.digest_if_any());
  CHECK_OK(for_each_limit(request.spec.limits, [&](std::int64_t& limit) -> Result<void> {
    TRY(limit, in.i64());
    return {};
  }));
  TRY(const std::uint8_t left_files, in.u8());
  if (left_files > static_cast<std::uint8_t>(LeftFiles::taken)) {
    return fail(ErrorCode::malformed, "a request says neither to take left files nor not to");
  }
  request.spec.left_files = static_cast<LeftFiles>(left_files);
  TRY(request.dataset_names, in.texts(dataset_files_max, file_name_bytes_max));
  TRY(request.spec.loopback_port, in.port());
  CHECK_OK(in.end());
  CHECK_OK(check_request(request));
  return request;
}

Bytes encode_report(const RunReport& report) {
  Writer out;
  write_outcome(out, report.outcome);
  write_image_files(out, report.files.image_files);
  write_scripts(out, report.left);
  out.i64(report.usage.cpu_ms);
  out.i64(report.usage.wall_ms);
  out.i64(report.usage.peak_memory_bytes);
  out.i64(report.usage.processes);
  out.u64(report.stdout_total);
  out.u64(report.stderr_total);
  out.i64(report.execution_started.value);
  out.i64(report.execution_completed.value);
  out.map(report.confinement);
  out.map(report.coverage);
  out.text(report.policy_name);
  out.digest(report.policy_hash);
  out.i64(report.teardown.processes_left);
  out.i64(report.teardown.mounts_left);
  out.i64(report.teardown.cgroups_left);
  out.texts(report.teardown.scanned);
  out.count(report.phases.size());
  for (const Phase& phase : report.phases) {
    out.text(phase.name);
    out.i64(phase.at_us);
  }
  return out.take();
}

Result<RunReport> decode_report(ByteView bytes) {
  Reader in(bytes);
  RunReport report;
  TRY(report.outcome, read_outcome(in));
  TRY(report.files.image_files, read_image_files(in));
  TRY(report.left, read_scripts(in));
  TRY(report.usage.cpu_ms, in.i64());
  TRY(report.usage.wall_ms, in.i64());
  TRY(report.usage.peak_memory_bytes, in.i64());
  TRY(report.usage.processes, in.i64());
  TRY(report.stdout_total, in.u64());
  TRY(report.stderr_total, in.u64());
  TRY(report.execution_started.value, in.i64());
  TRY(report.execution_completed.value, in.i64());
  TRY(report.confinement, in.map());
  TRY(report.coverage, in.map());
  TRY(report.policy_name, in.text(text_bytes_max));
  TRY(report.policy_hash, in.digest());
  TRY(report.teardown.processes_left, in.i64());
  TRY(report.teardown.mounts_left, in.i64());
  TRY(report.teardown.cgroups_left, in.i64());
  TRY(report.teardown.scanned, in.texts(map_entries_max, text_bytes_max));
  TRY(const std::size_t phases, in.count(map_entries_max, 12));
  report.phases.resize(phases);
  for (Phase& phase : report.phases) {
    TRY(phase.name, in.text(text_bytes_max));
    TRY(phase.at_us, in.i64());
  }
  CHECK_OK(in.end());
  return report;
}

Bytes encode_image_files(const std::vector<ImageFile>& files) {
  Writer out;
  write_image_files(out, files);
  return out.take();
}

Result<std::vector<ImageFile>> decode_image_files(ByteView bytes) {
  Reader in(bytes);
  TRY(std::vector<ImageFile> files, read_image_files(in));
  CHECK_OK(in.end());
  return files;
}

void append_event(const Event& event, Bytes& to) {
  Writer out(to);
  out.u8(static_cast<std::uint8_t>(event.index()));
  if (const auto* started = std::get_if<RunStarted>(&event)) out.i64(started->at.value);
  if (const auto* execution = std::get_if<ExecEvent>(&event)) write_execution(out, *execution);
  if (const auto* end = std::get_if<ExecEnd>(&event)) write_end(out, *end);
  if (const auto* file = std::get_if<FileEvent>(&event)) write_file_event(out, *file);
}

Result<std::vector<Event>> decode_events(ByteView bytes) {
  Reader in(bytes);
  std::vector<Event> events;
  while (!in.at_end()) {
    TRY(Event event, read_event(in));
    events.push_back(std::move(event));
  }
  return events;
}

Bytes encode_root_order(const RootOrder& order) {
  Writer out;
  out.u8(order.room ? 1 : 0);
  if (order.room) {
    out.u64(order.room->bytes);
    out.u64(order.room->inodes);
  }
  out.u64(order.loopback_port.value_or(0));
  out.texts(order.dataset_names);
  return out.take();
}

Result<RootOrder> decode_root_order(ByteView bytes) {
  Reader in(bytes);
  RootOrder order;
  TRY(const bool has_room, in.flag());
  if (has_room) {
    order.room.emplace();
    TRY(order.room->bytes, in.u64());
    TRY(order.room->inodes, in.u64());
  }
  TRY(order.loopback_port, in.port());
  TRY(order.dataset_names, in.texts(dataset_files_max, file_name_bytes_max));
  CHECK_OK(in.end());
  return order;
}

Bytes encode_job_order(const JobOrder& order) {
  Writer out;
  out.texts(order.argv);
  out.texts(order.environment);
  const auto written = for_each_limit(order.limits.job, [&](const std::int64_t& limit) {
    out.i64(limit);
    return Result<void>();
  });
  static_cast<void>(written);  // Writing to memory cannot fail.
  out.u8(static_cast<std::uint8_t>(order.limits.memory_group));
  out.u8(static_cast<std::uint8_t>(order.limits.pids_group));
  out.text(order.policy.name);
  out.digest(order.policy.hash);
  out.bytes(order.policy.filter);
  out.u8(static_cast<std::uint8_t>(order.randomness));
  return out.take();
}

Result<JobOrder> decode_job_order(ByteView bytes) {
  Reader in(bytes);
  JobOrder order;
  TRY(order.argv, in.texts(arguments_max, argument_bytes_max));
  if (order.argv.empty()) return fail(ErrorCode::malformed, "an order without a program");
  TRY(order.environment, in.texts(environment_max, argument_bytes_max));
  CHECK_OK(for_each_limit(order.limits.job, [&](std::int64_t& limit) -> Result<void> {
    TRY(limit, in.i64());
    return {};
  }));
  using Backstop = ResourceLimits::Backstop;
  for (Backstop* group : {&order.limits.memory_group, &order.limits.pids_group}) {
    TRY(const bool present, in.flag());
    *group = present ? Backstop::present : Backstop::absent;
  }
  TRY(order.policy.name, in.text(text_bytes_max));
  TRY(order.policy.hash, in.digest());
  TRY(order.policy.filter, in.bytes(policy_filter_bytes_max));
  TRY(const bool seeded, in.flag());
  order.randomness = seeded ? Randomness::seeded : Randomness::of_the_kernel;
  CHECK_OK(in.end());
  return order;
}

Bytes encode_recorder_order(const RecorderOrder& order) {
  Writer out;
  out.count(order.known.size());
  for (const auto& [file, name] : order.known) {
    out.u64(file.first);
    out.u64(file.second);
    out.text(name);
  }
  out.i64(order.file_bytes_max);
  out.u64(order.loopback_port.value_or(0));
  out.text(order.policy);
  out.digest_if_any(order.seed);
  out.i64(order.job);
  return out.take();
}

Result<RecorderOrder> decode_recorder_order(ByteView bytes) {
  constexpr std::size_t known_bytes_min = 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t);
  Reader in(bytes);
  RecorderOrder order;
  TRY(const std::size_t size, in.count(dataset_files_max, known_bytes_min));
  for (std::size_t i = 0; i < size; ++i) {
    TRY(const std::uint64_t device, in.u64());
    TRY(const std::uint64_t inode, in.u64());
    TRY(std::string name, in.text(text_bytes_max));
    const std::pair file{dev_t{device}, ino_t{inode}};
    if (!order.known.empty() && order.known.rbegin()->first >= file) {
      return fail(ErrorCode::malformed, "known files are not sorted");
    }
    order.known.emplace_hint(order.known.end(), file, std::move(name));
  }
  TRY(order.file_bytes_max, in.i64());
  TRY(order.loopback_port, in.port());
  TRY(order.policy, in.text(text_bytes_max));
  TRY(order.seed, in.digest_if_any());
  TRY(const std::int64_t job, in.i64());
  order.job = static_cast<pid_t>(job);
  if (order.job != job) return fail(ErrorCode::malformed, "no number of a process");
  CHECK_OK(in.end());
  return order;
}

Bytes encode_failure(const Error& error) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(error.code()));
  out.text(std::string_view(error.message()).substr(0, text_bytes_max));
  return out.take();
}

Result<Error> decode_failure(ByteView bytes) {
  Reader in(bytes);
  TRY(const std::uint8_t code, in.u8());
  if (code > static_cast<std::uint8_t>(ErrorCode::internal)) {
    return fail(ErrorCode::malformed, "an unknown error code");
  }
  TRY(std::string message, in.text(text_bytes_max));
  CHECK_OK(in.end());
  return Error(static_cast<ErrorCode>(code), std::move(message));
}

}  // namespace mayfly::executor
