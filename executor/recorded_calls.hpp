// Makes the calls that name a file or an address in the job's place: what is done is what is
// written down.
//
// Source    open(2), openat2(2), rename(2), link(2), unix(7), umask(2), fifo(7), and
//           seccomp_unotify(2) on why the job must not make them itself.
// Shapes    The caller of this class has the job's root, user and network namespace, and none of
//           its privileges. Paths are read once. A call that would wait for somebody is made by
//           BlockingCalls.
// Errors    Of the job: in MadeCall. Result: ours.
// Threads   One RecordedCalls, one thread: it changes its umask and working directory.
#pragma once
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "executor/blocking_calls.hpp"
#include "executor/job_paths.hpp"
#include "executor/known_files.hpp"
#include "executor/notified_call.hpp"
#include "executor/seeded.hpp"

namespace mayfly::executor {

class RecordedCalls {
 public:
  struct OfRun {
    KnownFiles known;
    // With it the loopback interface is up, and every other address is refused here, as it would be
    // by a network without any interface.
    std::optional<std::uint16_t> loopback_port;
    std::set<long> refused;              // by the policy: only to be written down
    std::optional<crypto::Sha256> seed;  // of a seeded run
  };
  RecordedCalls(const UniqueFd& listener, const JobPaths& paths, OfRun of_run,
                BlockingCalls blocking)
      : listener_(listener),
        paths_(paths),
        known_(std::move(of_run.known)),
        loopback_port_(of_run.loopback_port),
        refused_(std::move(of_run.refused)),
        random_(
            of_run.seed.transform([](const crypto::Sha256& seed) { return SeededRandom(seed); })),
        started_(std::chrono::steady_clock::now()),
        blocking_(std::move(blocking)) {}

  // Absent: it is being made elsewhere, and comes out of blocking().
  Result<std::optional<MadeCall>> make(const NotifiedCall& call);
  BlockingCalls& blocking() { return blocking_; }

 private:
  using Made = Result<std::optional<MadeCall>>;
  // Which arguments a call has its directory descriptor and its path in; -1: from where it is.
  struct At {
    int directory;
    std::size_t path;
  };
  struct Opening {
    At at;
    open_how how{};
    long by;  // the system call: openat2 is strict about flags, the others are not
  };

  OrErrno<Opening> opening_of(const NotifiedCall& call) const;
  Made open_file(const NotifiedCall& call, const Opening& opening);
  Made open_located(const NotifiedCall& call, const Opening& opening, const UniqueFd& base,
                    const std::string& path);
  bool opens_pipe(const UniqueFd& base, const std::string& path, const open_how& how) const;
  Made open_pipe(const NotifiedCall& call, MadeCall made, const UniqueFd& base,
                 const std::string& path, const open_how& how);
  std::string name_of(const UniqueFd& fd) const;

  std::optional<MadeCall> serve(const NotifiedCall& call);
  MadeCall serve_random(const NotifiedCall& call);
  MadeCall serve_calendar(const NotifiedCall& call) const;
  void serve_random_device(const NotifiedCall& call, std::uint64_t flags, MadeCall& made);

  OrErrno<Place> place(const NotifiedCall& call, At at) const;
  MadeCall make_directory(const NotifiedCall& call, At at, std::size_t mode);
  MadeCall make_node(const NotifiedCall& call, At at, std::size_t mode);
  MadeCall remove(const NotifiedCall& call, At at, int flags);
  MadeCall rename(const NotifiedCall& call, At from, At to, unsigned flags);
  MadeCall link(const NotifiedCall& call, At from, At to, int flags);
  int link_located(const NotifiedCall& call, At from, const std::string& path, int flags,
                   const Place& to, std::string& path_text) const;
  MadeCall symlink(const NotifiedCall& call, At at);
  MadeCall truncate(const NotifiedCall& call);
  OrErrno<void> take_umask(const NotifiedCall& call) const;

  struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    std::string text;
    UniqueFd directory;  // what a relative socket path starts from
  };
  // `pointer`: the argument that points to it; its size is the next one.
  OrErrno<Address> address_of(const NotifiedCall& call, std::size_t pointer) const;
  OrErrno<void> place_socket(const NotifiedCall& call, Address& address) const;
  bool is_out_of_reach(const Address& address) const;
  OrErrno<UniqueFd> socket_of(const NotifiedCall& call) const;
  Made connect_or_bind(const NotifiedCall& call, FileCall what);
  Made send_to(const NotifiedCall& call);

  const UniqueFd& listener_;
  const JobPaths& paths_;
  KnownFiles known_;
  std::optional<std::uint16_t> loopback_port_;
  std::set<long> refused_;
  std::optional<SeededRandom> random_;
  std::chrono::steady_clock::time_point started_;
  BlockingCalls blocking_;
  bool pipes_were_made_ = false;
};

}  // namespace mayfly::executor
