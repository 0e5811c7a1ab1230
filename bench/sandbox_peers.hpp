// The other sandboxes that this machine has, each made to run /bin/true as nearly like ours as its
// command line allows: own namespaces, a private root with the host's /usr, and limits of memory
// and processes where it knows them. None of them keeps a record of what the job did.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace mayfly::bench {

struct Peer {
  std::string name;
  std::function<void()> start_and_wait;  // ends the program when the peer fails
};

// Not in the list: what is not installed, or (said on standard output) does not run here.
std::vector<Peer> peers_here();

// Ends the program with the reason unless `holds`.
void require(bool holds, const std::string& why);

// Whether it ended with 0. Its standard error is dropped.
bool fork_and_exec(const std::vector<std::string>& arguments);

}  // namespace mayfly::bench
