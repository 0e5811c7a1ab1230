#include "executor/job_process.hpp"

#include <fcntl.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <variant>
#include <vector>

#include "executor/wire.hpp"

namespace mayfly::executor {
namespace {

constexpr int exit_code_not_started = 127;

struct Program {
  std::string path;
};
using Lookup = std::variant<Program, NotStarted>;

NotStarted why_not(const std::string& path, int error_number) {
  const auto say = [&](std::string_view what) {
    return NotStarted{path + ": " + std::string(what)};
  };
  switch (error_number) {
    case ENOENT: return say("not found in the sandbox");
    case ENOTDIR: return say("not found in the sandbox: a part of the path is not a directory");
    case EACCES: return say("not executable");
    case ENOEXEC: return say("not a program: it begins neither with #! nor as an ELF file");
    case E2BIG: return say("arguments and environment are too long");
    default: return NotStarted{errno_error(error_number, path).message()};
  }
}

// EACCES rather than ENOENT when something is there that cannot be executed.
int look_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

Lookup find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (const int error_number = look_at(name); error_number != 0) {
      return why_not(name, error_number);
    }
    return Program{name};
  }
  NotStarted why{name + ": command not found in the sandbox's /usr/local/bin, /usr/bin, /bin"};
  for (const char* directory : image_path_directories) {
    std::string path = std::string(directory) + "/" + name;
    const int error_number = look_at(path);
    if (error_number == 0) return Program{std::move(path)};
    if (error_number != ENOENT && error_number != ENOTDIR) why = why_not(path, error_number);
  }
  return why;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Result<void> set_standard_descriptors(const SandboxPlan& plan) {
  // 0 is /dev/null already: pid 1 has put it there.
  if (::dup2(plan.stdout_end.borrow(), STDOUT_FILENO) < 0 ||
      ::dup2(plan.stderr_end.borrow(), STDERR_FILENO) < 0) {
    return fail_errno("giving the job its output");
  }
  return {};
}

// From here on every call that names a file waits for the file recorder, and what the run's policy
// does not grant is refused to us as well: so with nothing but write(2) and read(2). It takes the
// listener by its number, and ours must be open until it has said so.
Result<void> give_listener(const SandboxPlan& plan, const CompiledPolicy& policy) {
  TRY(const UniqueFd listener, install(policy));
  const std::int32_t number = listener.borrow();
  if (::write(plan.listener.borrow(), &number, sizeof number) != sizeof number) {
    return fail_errno("giving the file recorder its listener");
  }
  std::uint8_t taken = 0;
  if (::read(plan.listener.borrow(), &taken, 1) != 1) {
    return fail(ErrorCode::internal, "the file recorder is gone");
  }
  return {};
}

// As say(), under the run's policy: see give_listener().
void say_plainly(const Channel& channel, Word word, ByteView rest) {
  Bytes message{static_cast<std::uint8_t>(word)};
  message.insert(message.end(), rest.begin(), rest.end());
  static_cast<void>(!::write(channel.fd().borrow(), message.data(), message.size()));
}

Result<JobOrder> receive_order(const Channel& channel) {
  FrameReader frames(request_bytes_max);
  for (;;) {
    TRY(auto message, channel.receive());
    if (!message) return fail(ErrorCode::internal, "the supervisor is gone");
    TRY(auto frame, frames.accept(std::move(*message)));
    if (frame) return decode_job_order(frame->payload);
  }
}

// Before anything of the run is known.
Result<void> get_ready(const SandboxPlan& plan, const SandboxChannels& channels) {
  // A session of its own: no controlling terminal, and one process group to signal.
  if (::setsid() < 0) return fail_errno("starting the job's session");
  CHECK_OK(set_standard_descriptors(plan));
  // Closed by exec.
  const int kept[] = {channels.answers.fd().borrow(), channels.job.fd().borrow(),
                      plan.listener.borrow()};
  CHECK_OK(close_all_but(kept));
  CHECK_OK(drop_privileges());
  return say(channels.answers, Word::job_built);
}

// Absent value: the program runs, and this is never reached.
Result<NotStarted> become_the_program(const SandboxPlan& plan, const SandboxChannels& channels) {
  CHECK_OK(get_ready(plan, channels));
  TRY(const JobOrder order, receive_order(channels.job));
  const std::vector<char*> arguments = pointers(order.argv);
  const std::vector<char*> environment = pointers(order.environment);
  CHECK_OK(set_resource_limits(order.limits));
  CHECK_OK(say(channels.answers, Word::job_waiting));
  CHECK_OK(wait_for(channels.job, Word::run));
  // Not before: now everything is in its place.
  const Lookup found = find_program(order.argv.front());
  if (const auto* why = std::get_if<NotStarted>(&found)) return *why;
  const std::string& path = std::get<Program>(found).path;
  CHECK_OK(set_memory_limit(order.limits));
  if (order.randomness == Randomness::seeded && ::personality(ADDR_NO_RANDOMIZE) < 0) {
    return fail_errno("fixing the addresses of a seeded job");
  }
  CHECK_OK(give_listener(plan, order.policy));
  ::execve(path.c_str(), arguments.data(), environment.data());
  if (errno == ENOENT) {
    return NotStarted{path + ": the interpreter it names (#! line or ELF loader) is not there"};
  }
  return why_not(path, errno);
}

}  // namespace

void run_job(const SandboxPlan& plan, const SandboxChannels& channels) {
  const auto not_started = become_the_program(plan, channels);
  const Channel& channel = channels.answers;
  if (not_started) {
    const std::string why = not_started->why.substr(0, text_bytes_max);
    say_plainly(channel, Word::not_started, bytes_of(why));
  } else {
    say_plainly(channel, Word::failed, encode_failure(not_started.error()));
  }
  ::_exit(exit_code_not_started);
}

}  // namespace mayfly::executor
