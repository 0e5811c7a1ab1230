#include "executor/seccomp_policy.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "executor/seccomp_profiles.hpp"
#include "executor/seccomp_rules.hpp"

namespace mayfly::executor {
namespace {

using rules::Action;
using rules::ArgumentRule;
using rules::ArgumentTest;

static_assert(std::endian::native == std::endian::little, "argument words are read low half first");
#if defined(__x86_64__)
constexpr std::uint32_t audit_arch = AUDIT_ARCH_X86_64;
constexpr std::string_view arch_name = "x86_64";
#elif defined(__aarch64__)
constexpr std::uint32_t audit_arch = AUDIT_ARCH_AARCH64;
constexpr std::string_view arch_name = "aarch64";
#else
#error "no audit architecture number for this machine"
#endif

// x32 calls share the x86-64 audit number and have this bit in theirs. On other machines no call
// number comes near it.
constexpr std::uint32_t x32_bit = 0x40000000;

// One call, decided by its name (`by_name`) or by its arguments, in order.
struct Call {
  std::string_view name;
  std::optional<Action> by_name;
  std::vector<ArgumentRule> by_arguments;
  std::string_view reason;  // of by_name
};

template <class Visit>
void for_each_word(std::string_view words, Visit visit) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    visit(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

// Sorted by name: the text form does not depend on the order or the grouping of the table.
using Calls = std::map<std::string_view, Call>;

Calls calls_of_table() {
  Calls calls;
  for (const auto& rule : rules::plain_rules) {
    for_each_word(rule.calls, [&](std::string_view name) {
      calls[name] = {name, rule.action, {}, rule.reason};
    });
  }
  for (const auto& rule : rules::argument_rules) {
    Call& call = calls[rule.call];
    call.name = rule.call;
    call.by_arguments.push_back(rule);
  }
  return calls;
}

const rules::Profile* profile_named(std::string_view name) {
  const auto found = std::ranges::find(rules::profiles, name, &rules::Profile::name);
  return found == rules::profiles.end() ? nullptr : &*found;
}

std::map<std::string_view, std::string_view> granted_by(const rules::Profile& profile) {
  std::map<std::string_view, std::string_view> granted;  // call, reason
  for (const auto& list : profile.grants) {
    for (const rules::Grant& grant : list) {
      for_each_word(grant.calls, [&](std::string_view call) { granted[call] = grant.reason; });
    }
  }
  return granted;
}

// From the default policy to the profile: see seccomp_profiles.hpp.
Calls narrowed(Calls calls, const rules::Profile& profile) {
  const auto granted = granted_by(profile);
  for (auto& [name, call] : calls) {
    const auto grant = granted.find(name);
    if (grant != granted.end()) {
      if (call.by_name) call.reason = grant->second;
      continue;
    }
    if (call.by_name == Action{ENOSYS}) continue;
    call = {name, profile.otherwise, {}, profile.why_otherwise};
  }
  for (const ArgumentRule& rule : profile.arguments) calls[rule.call].by_arguments.clear();
  for (const ArgumentRule& rule : profile.arguments) {
    calls[rule.call].by_arguments.push_back(rule);
  }
  return calls;
}

void serve_from_the_seed(Calls& calls) {
  for (const auto& rule : rules::seeded_plain_rules) {
    for_each_word(rule.calls, [&](std::string_view name) {
      calls[name] = {name, rule.action, {}, rule.reason};
    });
  }
  for (const auto& rule : rules::seeded_argument_rules) {
    Call& call = calls[rule.call];
    if (call.by_name) call = {rule.call, {}, {}, {}};
    call.by_arguments.push_back(rule);
  }
}

// Precondition: there is a policy of that name.
Calls calls_of(std::string_view policy, Randomness randomness) {
  Calls calls = calls_of_table();
  if (const rules::Profile* const profile = profile_named(policy)) {
    calls = narrowed(std::move(calls), *profile);
  }
  if (randomness == Randomness::seeded) serve_from_the_seed(calls);
  return calls;
}

// --- numbers ---

// Calls younger than some libseccomp that are still in use; one number on every machine.
constexpr std::pair<std::string_view, std::uint32_t> young_calls[] = {
    {"cachestat", 451},  {"fchmodat2", 452},  {"map_shadow_stack", 453},
    {"futex_wake", 454}, {"futex_wait", 455}, {"futex_requeue", 456}};

// nullopt: this architecture does not have the call.
Result<std::optional<std::uint32_t>> number_of(std::string_view name) {
  const int number = ::seccomp_syscall_resolve_name(std::string(name).c_str());
  if (number >= 0) return std::optional(static_cast<std::uint32_t>(number));
  if (number != __NR_SCMP_ERROR) return std::optional<std::uint32_t>();
  for (const auto& [young_name, young_number] : young_calls) {
    if (young_name == name) return std::optional(young_number);
  }
  return fail(ErrorCode::internal,
              "seccomp policy: libseccomp does not know the call " + std::string(name));
}

// --- code ---

class Assembler {
 public:
  void load(std::size_t offset) {
    emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset));
  }
  void emit(std::uint16_t code, std::uint8_t jump_true, std::uint8_t jump_false, std::uint32_t k) {
    code_.push_back({code, jump_true, jump_false, k});
  }
  void answer(Action action) {
    switch (action.fails_with) {
      case 0: return emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
      case rules::recorded_call:
      case rules::recorded_refusal: return emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF);
      case rules::killed_call: return kill();
      case rules::traced_call: return emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE);
      default:
        return emit(BPF_RET | BPF_K, 0, 0,
                    SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(action.fails_with));
    }
  }
  void kill() { emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS); }
  std::size_t here() const { return code_.size(); }
  sock_filter& at(std::size_t index) { return code_[index]; }
  const std::vector<sock_filter>& code() const { return code_; }

 private:
  std::vector<sock_filter> code_;
};

void test_word(Assembler& out, std::vector<std::size_t>& misses, std::size_t offset,
               std::uint32_t mask, std::uint32_t equals) {
  out.load(offset);
  if (mask != 0xffffffff) out.emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
  misses.push_back(out.here());
  out.emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, equals);
}

void emit_rule(Assembler& out, const ArgumentRule& rule) {
  std::vector<std::size_t> misses;  // jumps to whatever follows this rule
  for (const auto& test : rule.tests) {
    if (test.width == ArgumentTest::Width::none) continue;
    const std::size_t low = offsetof(seccomp_data, args) + sizeof(std::uint64_t) * test.argument;
    test_word(out, misses, low, test.mask, test.equals);
    if (test.width == ArgumentTest::Width::full64) test_word(out, misses, low + 4, 0xffffffff, 0);
  }
  out.answer(rule.action);
  for (const std::size_t miss : misses) {
    out.at(miss).jf = static_cast<std::uint8_t>(out.here() - miss - 1);
  }
}

// Every number from `first` up to the next stretch is decided alike.
struct Stretch {
  std::uint32_t first;
  std::optional<Action> action;
  const std::vector<ArgumentRule>* arguments;
};

// Binary search over the stretches: about nine comparisons instead of hundreds.
void emit_search(Assembler& out, const std::vector<Stretch>& stretches, std::size_t begin,
                 std::size_t end) {
  if (end - begin == 1) {
    const Stretch& stretch = stretches[begin];
    if (stretch.action) {
      out.answer(*stretch.action);
    } else {
      for (const auto& rule : *stretch.arguments) emit_rule(out, rule);
    }
    return;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  out.emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, stretches[middle].first);
  // A conditional jump reaches 255 instructions, JA any distance.
  const std::size_t jump = out.here();
  out.emit(BPF_JMP | BPF_JA, 0, 0, 0);
  emit_search(out, stretches, begin, middle);
  out.at(jump).k = static_cast<std::uint32_t>(out.here() - jump - 1);
  emit_search(out, stretches, middle, end);
}

std::vector<Stretch> stretches_of(const std::map<std::uint32_t, const Call*>& calls) {
  std::vector<Stretch> stretches{{0, rules::unknown_call, nullptr}};
  std::uint32_t next = 0;
  const auto decide_from = [&](std::uint32_t first, std::optional<Action> action,
                               const std::vector<ArgumentRule>* arguments) {
    Stretch& last = stretches.back();
    if (last.first == first) {
      last = {first, action, arguments};
    } else if (!action || last.action != action) {
      stretches.push_back({first, action, arguments});
    }
  };
  for (const auto& [number, call] : calls) {
    if (number != next) decide_from(next, rules::unknown_call, nullptr);
    decide_from(number, call->by_name, &call->by_arguments);
    next = number + 1;
  }
  decide_from(next, rules::unknown_call, nullptr);
  return stretches;
}

Result<Bytes> compile(const Calls& calls) {
  std::map<std::uint32_t, const Call*> by_number;
  for (const auto& [name, call] : calls) {
    TRY(const auto number, number_of(name));
    if (number) by_number[*number] = &call;
  }
  Assembler out;
  out.load(offsetof(seccomp_data, arch));
  out.emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, audit_arch);
  out.kill();
  out.load(offsetof(seccomp_data, nr));
  out.emit(BPF_JMP | BPF_JGE | BPF_K, 0, 1, x32_bit);
  out.kill();
  const auto stretches = stretches_of(by_number);
  emit_search(out, stretches, 0, stretches.size());
  if (out.here() > BPF_MAXINSNS) {
    return fail(ErrorCode::internal, "seccomp policy: more instructions than the kernel takes");
  }
  const auto* begin = reinterpret_cast<const std::uint8_t*>(out.code().data());
  return Bytes(begin, begin + out.here() * sizeof(sock_filter));
}

// --- text ---

std::string action_text(Action action) {
  switch (action.fails_with) {
    case 0: return "allow";
    case rules::recorded_call: return "record";
    case rules::recorded_refusal: return "record, errno EPERM";
    case rules::killed_call: return "kill process";
    case rules::traced_call: return "allow, traced";
    case EPERM: return "errno EPERM";
    case ENOSYS: return "errno ENOSYS";
    case EINVAL: return "errno EINVAL";
    case ENOTTY: return "errno ENOTTY";
    case EAFNOSUPPORT: return "errno EAFNOSUPPORT";
    default: return "errno " + std::to_string(action.fails_with);
  }
}

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", value);
  return text;
}

std::string tests_text(const ArgumentRule& rule) {
  std::string text;
  for (const auto& test : rule.tests) {
    if (test.width == ArgumentTest::Width::none) continue;
    text += text.empty() ? " if arg" : " and arg";
    text += std::to_string(test.argument);
    if (test.width == ArgumentTest::Width::full64) text += ":64";
    if (test.mask != 0xffffffff) text.append("&").append(hex(test.mask));
    text.append("==").append(hex(test.equals));
  }
  return text;
}

template <class Wanted>
std::set<long> numbers_where(std::string_view policy, Wanted wanted) {
  std::set<long> numbers;
  for (const auto& [name, call] : calls_of(policy, Randomness::seeded)) {
    if (!wanted(call)) continue;  // before its name is looked up, which is what takes time
    const auto found = number_of(name);
    if (found && *found) numbers.insert(static_cast<long>(**found));
  }
  return numbers;
}

std::set<long> waiting_calls(std::string_view policy) {
  const auto waits = [](const std::optional<Action>& action) {
    return action == rules::record || action == rules::refuse_and_record;
  };
  return numbers_where(policy, [&](const Call& call) {
    return waits(call.by_name) || std::ranges::any_of(call.by_arguments, [&](const auto& rule) {
             return waits(rule.action);
           });
  });
}

enum class Reasons : std::uint8_t { shown, hidden };

std::string render(std::string_view policy, const Calls& calls, Reasons reasons) {
  std::string text =
      "mayfly seccomp policy 1\nname " + std::string(policy) + "\narch " + std::string(arch_name) +
      "\nforeign abi: kill process\nunknown call: " + action_text(rules::unknown_call) + "\n";
  for (const auto& [name, call] : calls) {
    const auto line = [&, &called = name](const std::string& tests, Action action,
                                          std::string_view reason) {
      text.append(called).append(tests).append(": ").append(action_text(action));
      if (reasons == Reasons::shown) text.append("  # ").append(reason);
      text += '\n';
    };
    if (call.by_name) line("", *call.by_name, call.reason);
    for (const auto& rule : call.by_arguments) line(tests_text(rule), rule.action, rule.reason);
  }
  return text;
}

crypto::Sha256 hash_of(std::string_view policy, const Calls& calls) {
  return crypto::sha256(bytes_of(render(policy, calls, Reasons::hidden)));
}

}  // namespace

bool is_recorded_call(long number) {
  static const std::set<long> recorded = [] {
    std::set<long> numbers = waiting_calls(default_policy_name);
    for (const rules::Profile& profile : rules::profiles) {
      numbers.merge(waiting_calls(profile.name));
    }
    return numbers;
  }();
  return recorded.contains(number);
}

std::set<long> calls_refused_by_the_recorder(std::string_view policy) {
  return numbers_where(policy,
                       [](const Call& call) { return call.by_name == rules::refuse_and_record; });
}

std::string call_name(long number) {
  const std::unique_ptr<char, void (*)(void*)> name(
      ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number)), &std::free);
  return name ? name.get() : std::to_string(number);
}

std::string policy_text(std::string_view policy, Randomness randomness) {
  return render(policy, calls_of(policy, randomness), Reasons::shown);
}

std::vector<std::string_view> policy_names() {
  std::vector<std::string_view> names{default_policy_name};
  for (const rules::Profile& profile : rules::profiles) names.push_back(profile.name);
  return names;
}

Result<void> check_policy_name(std::string_view name) {
  const auto known = policy_names();
  if (std::ranges::find(known, name) != known.end()) return {};
  std::string list;
  for (const std::string_view each : known) list.append(list.empty() ? "" : ", ").append(each);
  return fail(ErrorCode::malformed,
              "there is no policy \"" + std::string(name.substr(0, 64)) + "\": use one of " + list);
}

Result<crypto::Sha256> policy_hash(std::string_view name, Randomness randomness) {
  CHECK_OK(check_policy_name(name));
  return hash_of(name, calls_of(name, randomness));
}

Result<CompiledPolicy> compile_policy(std::string_view name, Randomness randomness) {
  CHECK_OK(check_policy_name(name));
  const Calls calls = calls_of(name, randomness);
  TRY(Bytes filter, compile(calls));
  return CompiledPolicy{std::string(name), hash_of(name, calls), std::move(filter)};
}

Result<CompiledPolicy> compile_default_policy() {
  return compile_policy(default_policy_name);
}

Result<UniqueFd> install(const CompiledPolicy& policy) {
  // The kernel reads the program and does not write it; its header lacks the const.
  const auto* code = reinterpret_cast<const sock_filter*>(policy.filter.data());
  sock_fprog program{static_cast<unsigned short>(policy.filter.size() / sizeof(sock_filter)),
                     const_cast<sock_filter*>(code)};
  // Without the second flag a signal could interrupt a call that was made already, and the job
  // would make it again.
  constexpr unsigned long flags =
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener >= 0) return UniqueFd(static_cast<int>(listener));
  if (errno == EINVAL) {
    return fail(ErrorCode::unavailable,
                "recording a job's files needs Linux 5.19 or newer (SECCOMP_FILTER_FLAG_"
                "WAIT_KILLABLE_RECV)");
  }
  if (errno == EBUSY) {
    return fail(ErrorCode::unavailable,
                "another seccomp listener is above this process (some container runtimes install "
                "one), and the kernel allows only one: run outside of it");
  }
  return fail_errno("installing the seccomp filter");
}

}  // namespace mayfly::executor
