#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "tests/hostile/attacks/attack.hpp"

namespace mayfly::hostile {

Verdict say(std::string_view what, Verdict verdict) {
  const char* word = verdict == Verdict::blocked    ? "blocked"
                     : verdict == Verdict::achieved ? "ACHIEVED"
                                                    : "impossible here";
  std::printf("%.*s: %s (last errno %d, %s)\n", static_cast<int>(what.size()), what.data(), word,
              errno, std::strerror(errno));
  std::fflush(stdout);
  return verdict;
}

Verdict unless_refused(std::string_view what, long result, int refusal) {
  return say(what, result == -1 && errno == refusal ? Verdict::blocked : Verdict::achieved);
}

bool copy_own_program(int out) {
  const int in = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  char block[65536];
  ssize_t got = 0;
  while ((got = ::read(in, block, sizeof block)) > 0) {
    if (::write(out, block, static_cast<std::size_t>(got)) != got) return false;
  }
  ::close(in);
  return got == 0;
}

}  // namespace mayfly::hostile

int main(int argc, char** argv) {
  using namespace mayfly::hostile;
  if (argc < 2) return 2;
  const std::string_view name = argv[1];
  const std::string argument = argc > 2 ? argv[2] : "";
  for (const auto attacks : {kernel_attacks(), file_attacks(), process_attacks(),
                             resource_attacks(), channel_attacks()}) {
    for (const auto& attack : attacks) {
      if (attack.name == name) return static_cast<int>(attack.run(argument));
    }
  }
  std::printf("no attack %s\n", argv[1]);
  return 2;
}
