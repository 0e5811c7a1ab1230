// The one outcome of a run, from every combination of facts that matters.
#include "executor/outcome.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace mayfly::executor {
namespace {

constexpr int exited(int code) {
  return code << 8;
}
constexpr int killed_by(int signal) {
  return signal;
}

template <class T>
T as(const EndFacts& facts) {
  const Outcome outcome = classify(facts);
  const T* const found = std::get_if<T>(&outcome);
  EXPECT_NE(found, nullptr) << "outcome " << outcome.index();
  return found ? *found : T{};
}

TEST(Classify, AnOrdinaryEnd) {
  EXPECT_EQ(as<Exited>({.job_status = exited(0)}).code, 0);
  EXPECT_EQ(as<Exited>({.job_status = exited(255)}).code, 255);
  EXPECT_EQ(as<Signalled>({.job_status = killed_by(SIGSEGV)}).signal, SIGSEGV);
}

TEST(Classify, OurOwnReasonWins) {
  // Killed by us at the deadline, while the kernel also counted a kill for memory.
  as<TimedOut>({.our_reason = TimedOut{}, .job_status = killed_by(SIGKILL), .oom_kills = 1});
  EXPECT_EQ(as<LimitHit>({.our_reason = LimitHit{LimitKind::cpu},
                          .job_status = killed_by(SIGXCPU),
                          .pids_limit_hits = 3})
                .kind,
            LimitKind::cpu);
  as<Denied>({.our_reason = Denied{"exec"}, .job_status = exited(0)});
}

TEST(Classify, AKillForMemoryIsTheOutcomeWhateverTheJobMadeOfIt) {
  EXPECT_EQ(as<LimitHit>({.job_status = killed_by(SIGKILL), .oom_kills = 1}).kind,
            LimitKind::memory);
  EXPECT_EQ(as<LimitHit>({.job_status = exited(0), .oom_kills = 2}).kind, LimitKind::memory);
}

TEST(Classify, AKillWithoutAReasonIsASignal) {
  EXPECT_EQ(as<Signalled>({.job_status = killed_by(SIGKILL)}).signal, SIGKILL);
  EXPECT_EQ(as<Signalled>({}).signal, SIGKILL);
}

TEST(Classify, SignalsThatTheKernelSendsForALimit) {
  EXPECT_EQ(as<LimitHit>({.job_status = killed_by(SIGXCPU)}).kind, LimitKind::cpu);
  EXPECT_EQ(as<LimitHit>({.job_status = killed_by(SIGXFSZ)}).kind, LimitKind::disk);
  EXPECT_EQ(as<Denied>({.job_status = killed_by(SIGSYS), .refused_call = 310}).what,
            "system call 310");
  EXPECT_EQ(as<Denied>({.job_status = killed_by(SIGSYS)}).what, "system call");
}

TEST(Classify, LimitsThatAJobSawAreNamedOnlyWhenItFailed) {
  EXPECT_EQ(as<LimitHit>({.job_status = exited(1), .pids_limit_hits = 1}).kind, LimitKind::pids);
  EXPECT_EQ(as<Exited>({.job_status = exited(0), .pids_limit_hits = 1}).code, 0);
  EXPECT_EQ(as<LimitHit>({.job_status = exited(1), .disk_is_full = true}).kind, LimitKind::disk);
  EXPECT_EQ(as<Exited>({.job_status = exited(0), .disk_is_full = true}).code, 0);
}

TEST(Classify, AProgramThatNeverStarted) {
  EXPECT_EQ(as<NotStarted>({.not_started = "x: not found", .job_status = exited(127)}).why,
            "x: not found");
  EXPECT_EQ(as<Exited>({.job_status = exited(127)}).code, 127) << "a shell's own 127";
}

}  // namespace
}  // namespace mayfly::executor
