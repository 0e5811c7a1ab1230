// The bytes between client and runner: what goes in comes out, and nothing else gets through.
#include "executor/wire.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "executor/exec_recorder.hpp"

namespace mayfly::executor {
namespace {

RunRequest some_request() {
  RunRequest request;
  request.spec.argv = {"python3", "main.py", ""};
  request.spec.environment = {"A=1", "B="};
  request.spec.scripts = {{"main.py", {1, 2, 3}}, {"dir/empty", {}}};
  request.spec.tools = {"python"};
  request.spec.limits.wall_ms = 1234;
  request.spec.loopback_port = 8787;
  request.dataset_names = {"data.csv"};
  return request;
}

RunReport some_report(const Outcome& outcome) {
  RunReport report;
  report.outcome = outcome;
  report.files.image_files = {{"/usr/bin/true", crypto::sha256(bytes_of("x")), 7}};
  report.usage = {1, 2, 3, 4};
  report.stdout_total = 5;
  report.stderr_total = 6;
  report.execution_started = {1};
  report.execution_completed = {2};
  report.confinement = {{"a", "b"}, {"c", "d"}};
  report.coverage = {{"executions", "complete"}};
  report.policy_name = "default";
  report.policy_hash = crypto::sha256(bytes_of("y"));
  report.teardown = {1, 2, 3, {"processes"}};
  report.phases = {{"asked", 8}, {"exec", 9}};
  return report;
}

TEST(RequestWire, RoundTrips) {
  const Bytes bytes = encode_request(some_request());
  const auto decoded = decode_request(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(encode_request(*decoded), bytes);
  EXPECT_EQ(decoded->spec.argv, some_request().spec.argv);
  EXPECT_EQ(decoded->spec.scripts[0].contents, (Bytes{1, 2, 3}));
  EXPECT_EQ(decoded->spec.limits.wall_ms, 1234);
  EXPECT_EQ(decoded->spec.loopback_port, 8787);
  EXPECT_EQ(decoded->dataset_names, some_request().dataset_names);
}

TEST(RequestWire, CarriesThePolicyAndTheSeedAndRefusesAnUnknownPolicy) {
  RunRequest request = some_request();
  EXPECT_FALSE(decode_request(encode_request(request)).value().spec.seed);
  request.spec.policy = "strict";
  request.spec.seed = crypto::sha256(bytes_of("seed"));
  const auto decoded = decode_request(encode_request(request));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->spec.policy, "strict");
  EXPECT_EQ(decoded->spec.seed, request.spec.seed);
  request.spec.policy = "stric";
  EXPECT_FALSE(decode_request(encode_request(request)));
}

TEST(RequestWire, RefusesEveryTruncationAndOneByteMore) {
  Bytes bytes = encode_request(some_request());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_request(ByteView(bytes).first(length))) << length;
  }
  bytes.push_back(0);
  EXPECT_FALSE(decode_request(bytes));
}

// A whole request of exactly the bound: as many arguments as it takes, the last one shortened.
TEST(RequestWire, HoldsItsBoundOnBytesAtItAndPastIt) {
  RunRequest request;
  request.spec.argv.assign(request_bytes_max / argument_bytes_max,
                           std::string(argument_bytes_max, 'x'));
  const std::size_t over = encode_request(request).size() - request_bytes_max;
  ASSERT_LT(over, argument_bytes_max);
  request.spec.argv.back().resize(argument_bytes_max - over);
  Bytes bytes = encode_request(request);
  ASSERT_EQ(bytes.size(), request_bytes_max);
  const auto at = decode_request(bytes);
  EXPECT_TRUE(at) << at.error().message();
  bytes.push_back(0);
  const auto past = decode_request(bytes);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

TEST(RequestWire, ALyingCountTakesNoMemory) {
  const Bytes bytes{0xff, 0x0f, 0, 0};  // 4095 arguments in no bytes
  const auto decoded = decode_request(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), ErrorCode::malformed);
}

TEST(OrderWire, RoundTripsAndRefusesEveryTruncation) {
  RootOrder root{.room = ScratchSize{5, 6}, .loopback_port = 7, .dataset_names = {"a", "b/c"}};
  JobOrder job{.argv = {"sh", ""},
               .environment = {"A=1"},
               .limits = {},
               .policy = {"python", crypto::sha256(bytes_of("p")), {1, 2, 3}}};
  job.limits.job.pids = 7;
  job.limits.pids_group = ResourceLimits::Backstop::absent;
  job.randomness = Randomness::seeded;
  const auto decoded = decode_job_order(encode_job_order(job));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->limits.job.pids, 7);
  EXPECT_EQ(decoded->limits.pids_group, ResourceLimits::Backstop::absent);
  EXPECT_EQ(decoded->limits.memory_group, ResourceLimits::Backstop::present);
  EXPECT_EQ(decoded->policy.name, "python");
  EXPECT_EQ(decoded->policy.filter, (Bytes{1, 2, 3}));
  EXPECT_EQ(decoded->randomness, Randomness::seeded);
  EXPECT_EQ(encode_job_order(*decoded), encode_job_order(job));
  for (const auto& room : {root.room, std::optional<ScratchSize>()}) {
    root.room = room;
    const Bytes bytes = encode_root_order(root);
    const auto read = decode_root_order(bytes);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(encode_root_order(*read), bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(decode_root_order(ByteView(bytes).first(length))) << length;
    }
  }
  const Bytes bytes = encode_job_order(job);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_job_order(ByteView(bytes).first(length))) << length;
  }
}

TEST(OrderWire, TheRecordersRoundTripsInOneWayOnly) {
  RecorderOrder order{.known = {{{1, 2}, "/data/a"}, {{1, 3}, "/data/b"}},
                      .file_bytes_max = 5,
                      .loopback_port = 80,
                      .policy = "python",
                      .seed = crypto::sha256(bytes_of("s")),
                      .job = 9};
  const Bytes bytes = encode_recorder_order(order);
  const auto decoded = decode_recorder_order(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->known, order.known);
  EXPECT_EQ(decoded->seed, order.seed);
  EXPECT_EQ(decoded->job, 9);
  EXPECT_EQ(encode_recorder_order(*decoded), bytes);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_recorder_order(ByteView(bytes).first(length))) << length;
  }
  Bytes unsorted = bytes;
  unsorted[4] = 2;  // the first file's device: now it should come last
  EXPECT_FALSE(decode_recorder_order(unsorted));
  Bytes no_process = bytes;
  no_process.back() = 1;  // past the numbers that processes have
  EXPECT_FALSE(decode_recorder_order(no_process));
}

TEST(ReportWire, RoundTripsEveryOutcome) {
  const Outcome outcomes[] = {Exited{3},      Signalled{9},   TimedOut{}, LimitHit{LimitKind::disk},
                              Denied{"exec"}, NotStarted{"x"}};
  for (const Outcome& outcome : outcomes) {
    const Bytes bytes = encode_report(some_report(outcome));
    const auto decoded = decode_report(bytes);
    ASSERT_TRUE(decoded) << decoded.error().message();
    EXPECT_EQ(encode_report(*decoded), bytes);
    EXPECT_EQ(decoded->outcome.index(), outcome.index());
    EXPECT_EQ(decoded->files.image_files[0].path, "/usr/bin/true");
    EXPECT_EQ(decoded->confinement, some_report(outcome).confinement);
    EXPECT_EQ(decoded->phases[1].name, "exec");
  }
}

TEST(ReportWire, RefusesEveryTruncationAndOneByteMore) {
  Bytes bytes = encode_report(some_report(Exited{0}));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_report(ByteView(bytes).first(length))) << length;
  }
  bytes.push_back(0);
  EXPECT_FALSE(decode_report(bytes));
}

TEST(ReportWire, HoldsItsBoundOnFilesOfTheImageAtItAndPastIt) {
  RunReport report = some_report(Exited{0});
  constexpr std::size_t of_both_recorders = 2 * image_files_max + 1;
  report.files.image_files.assign(of_both_recorders, ImageFile{});
  const auto at = decode_report(encode_report(report));
  ASSERT_TRUE(at) << at.error().message();
  EXPECT_EQ(at->files.image_files.size(), of_both_recorders);
  report.files.image_files.emplace_back();
  const auto past = decode_report(encode_report(report));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), ErrorCode::limit);
}

Bytes some_events() {
  ExecEvent execution;
  execution.at_us = 5;
  execution.pid = 2;
  execution.parent = 1;
  execution.path = "/usr/bin/true";
  execution.digest = crypto::sha256(bytes_of("x"));
  execution.size_bytes = 7;
  execution.argv = {"true", ""};
  execution.denied = true;
  Bytes bytes;
  append_event(RunStarted{{77}}, bytes);
  append_event(execution, bytes);
  append_event(FileEvent{.at_us = 6, .pid = 2, .call = FileCall::bind, .error = 13, .path = "p"},
               bytes);
  append_event(ExecEnd{.at_us = 8, .pid = 2, .exit_code = -9, .replaced = true}, bytes);
  return bytes;
}

TEST(EventsWire, RoundTrip) {
  const auto decoded = decode_events(some_events());
  ASSERT_TRUE(decoded) << decoded.error().message();
  ASSERT_EQ(decoded->size(), 4U);
  EXPECT_EQ(std::get<RunStarted>((*decoded)[0]).at, UnixMillis{77});
  EXPECT_EQ(std::get<ExecEvent>((*decoded)[1]).argv, (std::vector<std::string>{"true", ""}));
  EXPECT_TRUE(std::get<ExecEvent>((*decoded)[1]).denied);
  EXPECT_EQ(std::get<FileEvent>((*decoded)[2]).call, FileCall::bind);
  EXPECT_EQ(std::get<ExecEnd>((*decoded)[3]).exit_code, -9);
  Bytes again;
  for (const Event& event : *decoded) append_event(event, again);
  EXPECT_EQ(again, some_events());
}

TEST(EventsWire, RefusesATruncatedEventAndAnUnknownOne) {
  const Bytes bytes = some_events();
  std::size_t whole = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    if (decode_events(ByteView(bytes).first(length))) ++whole;
  }
  EXPECT_EQ(whole, 4U) << "after 0, 1, 2 and 3 events";
  EXPECT_FALSE(decode_events(Bytes{9}));
}

TEST(FailureWire, RoundTrips) {
  const auto decoded = decode_failure(encode_failure(Error(ErrorCode::limit, "too much")));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->code(), ErrorCode::limit);
  EXPECT_EQ(decoded->message(), "too much");
  EXPECT_FALSE(decode_failure(Bytes{9, 0, 0, 0, 0}));
}

TEST(Frames, PayloadsOfEverySizeArrive) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, message_bytes_max - 1,
                                 message_bytes_max, std::size_t{1'000'000}}) {
    auto ends = Channel::pair();
    ASSERT_TRUE(ends);
    Bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(i * 7);
    std::thread sender([&] { EXPECT_TRUE(send_frame(ends->first, FrameType::report, payload)); });
    FrameReader reader(size);
    std::optional<Frame> frame;
    while (!frame) {
      auto message = ends->second.receive();
      ASSERT_TRUE(message && *message);
      auto accepted = reader.accept(std::move(**message));
      ASSERT_TRUE(accepted) << accepted.error().message();
      frame = std::move(*accepted);
    }
    sender.join();
    EXPECT_EQ(frame->type, FrameType::report);
    EXPECT_EQ(frame->payload, payload);
  }
}

TEST(Frames, TakeAPayloadOfExactlyTheBound) {
  FrameReader reader(4);
  Message message;
  message.bytes = {static_cast<std::uint8_t>(FrameType::report), 1, 2, 3, 4};
  const auto at = reader.accept(std::move(message));
  ASSERT_TRUE(at && *at);
  EXPECT_EQ((*at)->payload, (Bytes{1, 2, 3, 4}));
}

TEST(Frames, RefusePayloadsOverTheBoundAndUnknownTypes) {
  FrameReader reader(4);
  Message message;
  message.bytes = {static_cast<std::uint8_t>(FrameType::continued), 1, 2, 3, 4};
  ASSERT_TRUE(reader.accept(std::move(message)));
  message = Message();
  message.bytes = {static_cast<std::uint8_t>(FrameType::report), 5};
  const auto over = reader.accept(std::move(message));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), ErrorCode::limit);
  FrameReader fresh(4);
  message = Message();
  message.bytes = {200};
  EXPECT_FALSE(fresh.accept(std::move(message)));
}

TEST(ChannelTest, PassesDescriptorsAndSendersAndEnds) {
  auto ends = Channel::pair();
  ASSERT_TRUE(ends);
  ASSERT_TRUE(ends->second.identify_senders());
  std::vector<UniqueFd> files;
  for (int i = 0; i < 3; ++i) files.emplace_back(::dup(0));
  ASSERT_TRUE(ends->first.send(Bytes{1}, files));
  auto message = ends->second.receive_within(1000);
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->descriptors.size(), 3U);
  EXPECT_EQ((*message)->sender, ::getpid());
  EXPECT_FALSE(ends->second.receive_within(1));  // nothing yet
  ends->first = Channel(UniqueFd());
  const auto end = ends->second.receive();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST(ChannelTest, PassesAsManyDescriptorsAsTheBoundAndNoMore) {
  auto ends = Channel::pair();
  ASSERT_TRUE(ends);
  std::vector<UniqueFd> files;
  for (std::size_t i = 0; i < message_descriptors_max; ++i) files.emplace_back(::dup(0));
  ASSERT_TRUE(ends->first.send(Bytes{1}, files));
  const auto message = ends->second.receive_within(1000);
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->descriptors.size(), message_descriptors_max);
  files.emplace_back(::dup(0));
  EXPECT_FALSE(ends->first.send(Bytes{1}, files));
}

}  // namespace
}  // namespace mayfly::executor
