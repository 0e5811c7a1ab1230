// What a hostile job tries: one function each, all in one static program that the harness delivers
// into a sandbox (hostile_test.cpp). Never run it by hand outside of one.
//
// Use       attack NAME [ARGUMENT]   exits with a Verdict; says on stdout what the kernel answered.
// Shapes    An attack is bounded by itself (a count, a size), so that it is also safe where the
//           protection is off. It reports what the kernel did, not what it hoped for.
#pragma once
#include <cerrno>
#include <span>
#include <string>
#include <string_view>

namespace mayfly::hostile {

enum class Verdict : int {
  blocked = 0,
  achieved = 10,
  // Nothing can be learned here: the kernel lacks what is attacked.
  impossible = 20,
};

struct Attack {
  std::string_view name;
  Verdict (*run)(const std::string& argument);
};

std::span<const Attack> kernel_attacks();    // calls that the policy refuses
std::span<const Attack> file_attacks();      // what must not be written, read or made
std::span<const Attack> process_attacks();   // signals, orphans, descriptors, executions
std::span<const Attack> resource_attacks();  // bombs
std::span<const Attack> channel_attacks();   // ways out: sockets, IPC, environment

// Prints "what: <result>" and hands the verdict on.
Verdict say(std::string_view what, Verdict verdict);

// A call that the policy refuses: blocked when it failed with `refusal`. Any other errno means that
// the call reached the kernel: that is further than a job may get.
Verdict unless_refused(std::string_view what, long result, int refusal = EPERM);

// Writes the running program to a descriptor.
bool copy_own_program(int out);

}  // namespace mayfly::hostile
