// The bytes between a client and its runner: a request one way; output and one report the other.
// And between a runner and the sandbox it builds.
//
// Shapes    Frames over a Channel. A frame is one type byte and a payload; a payload longer than a
//           message is cut into `continued` frames, the last one has the type. Inside a payload:
//           little-endian integers, text as u32 length and bytes, lists as u32 count and items.
//           Every value has one encoding: encode(decode(x)) == x for every x that decodes.
// Errors    malformed: not such an encoding, or a request that check_request refuses.
//           limit: over a bound.
// Threads   Pure, except send_frame(); one FrameReader, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "executor/channel.hpp"
#include "executor/known_files.hpp"
#include "executor/privileges.hpp"
#include "executor/request.hpp"
#include "executor/root_fs.hpp"
#include "executor/sandbox.hpp"
#include "executor/seccomp_policy.hpp"

namespace mayfly::executor {

inline constexpr std::size_t image_files_max = 65'536;
// What is not passed on while the job runs: above all what it left, and the files of the image.
inline constexpr std::size_t report_bytes_max = std::size_t{256} * 1024 * 1024;
inline constexpr std::size_t text_bytes_max = 16 * 1024;  // one path, reason or map entry
inline constexpr std::size_t map_entries_max = 64;

enum class FrameType : std::uint8_t {
  continued = 0,
  dataset = 1,  // descriptors of dataset files; no payload
  request = 2,
  cancel = 3,
  stdout_bytes = 4,
  stderr_bytes = 5,
  report = 6,              // the run as it was; its output went before, in frames of its own
  failure = 7,             // no run: an Error
  unused = 8,              // no run, and nothing of it has begun: an Error; ask another
  digests = 9,             // a table of digests (digest_table.hpp), as a descriptor; no payload
  loopback_listener = 10,  // a descriptor: what SandboxSpec::loopback_port asked for
  events = 11,             // of the record, some at a time, in order
};

struct Frame {
  FrameType type = FrameType::continued;
  Bytes payload;
  std::vector<UniqueFd> descriptors;
};

Result<void> send_frame(const Channel& channel, FrameType type, ByteView payload,
                        std::span<const UniqueFd> descriptors = {});

// Puts frames together again. A payload over `payload_bytes_max` is refused before it is stored.
class FrameReader {
 public:
  explicit FrameReader(std::size_t payload_bytes_max) : payload_bytes_max_(payload_bytes_max) {}
  // Absent: the frame goes on in the next message.
  Result<std::optional<Frame>> accept(Message message);

 private:
  std::size_t payload_bytes_max_;
  Frame frame_;
};

Bytes encode_request(const RunRequest& request);
Result<RunRequest> decode_request(ByteView bytes);
// Without stdout_bytes, stderr_bytes and events, which go before.
Bytes encode_report(const RunReport& report);
Result<RunReport> decode_report(ByteView bytes);
Bytes encode_image_files(const std::vector<ImageFile>& files);
Result<std::vector<ImageFile>> decode_image_files(ByteView bytes);
// Events one after the other.
void append_event(const Event& event, Bytes& to);
Result<std::vector<Event>> decode_events(ByteView bytes);
// What pid 1 of a sandbox has to finish, and what the job has to become: see sandbox_protocol.hpp.
struct RootOrder {
  std::optional<ScratchSize> room;  // absent: the supervisor has given it
  std::optional<std::uint16_t> loopback_port;
  std::vector<std::string> dataset_names;
};
struct JobOrder {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  ResourceLimits limits;
  CompiledPolicy policy;
  Randomness randomness = Randomness::of_the_kernel;
};
// What the file recorder has to know of the run; the table of digests comes as a descriptor.
struct RecorderOrder {
  KnownFiles known;
  std::int64_t file_bytes_max = 0;             // RLIMIT_FSIZE of the job
  std::optional<std::uint16_t> loopback_port;  // the one address that may be connected to
  std::string policy{};                        // by name: which calls are only refused
  std::optional<crypto::Sha256> seed{};        // of a seeded run
  pid_t job = 0;                               // its process
};
Bytes encode_root_order(const RootOrder& order);
Result<RootOrder> decode_root_order(ByteView bytes);
Bytes encode_job_order(const JobOrder& order);
Result<JobOrder> decode_job_order(ByteView bytes);
Bytes encode_recorder_order(const RecorderOrder& order);
Result<RecorderOrder> decode_recorder_order(ByteView bytes);

Bytes encode_failure(const Error& error);
Result<Error> decode_failure(ByteView bytes);

}  // namespace mayfly::executor
