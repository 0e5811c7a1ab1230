// Landlock: a second wall of the kernel, that knows nothing of mounts and namespaces and says once
// more what the private root says: read everything, execute what was put there to be executed,
// write the scratch.
//
// Source    landlock(7); Linux, Documentation/userspace-api/landlock.rst. By ABI: file system (1),
//           links and renames between directories (2), truncate (3), TCP (4), ioctl of devices (5),
//           abstract sockets and signals (6).
// Shapes    Confines the calling thread and whatever it makes from then on, one way. Processes of
//           one domain may still look at each other in /proc, which the dataset's links need: so
//           pid 1 of the sandbox enters, and the job is born inside.
//           A call that the file recorder makes in the job's place is made outside of the domain:
//           docs/executor.md says what is left for Landlock then.
// Errors    unavailable: the kernel has Landlock, and refuses. A kernel without it is no error: its
//           ABI is 0.
// Threads   enter_landlock() confines the calling thread. The others ask the kernel.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"

namespace mayfly::executor {

struct LandlockAbi {
  int version = 0;  // 0: this kernel has no Landlock, or it is switched off
};
Result<LandlockAbi> landlock_abi();

struct LandlockPlace {
  enum class Use : std::uint8_t { read, execute, device, scratch };
  const char* path;  // and everything below; left out when it is not there
  Use use;
};

// What the sandbox's root gives: for pid 1, once it has entered that root.
std::span<const LandlockPlace> landlock_places();

// These places and nothing else; no TCP port to bind or connect to; no abstract socket and no
// process of anybody outside. With version 0: does nothing.
Result<void> enter_landlock(LandlockAbi abi, std::span<const LandlockPlace> places);

// "ABI 7: file system, TCP, devices, abstract sockets, signals"
std::string describe(LandlockAbi abi);

}  // namespace mayfly::executor
