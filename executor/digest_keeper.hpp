// What a client remembers of the image's files between its runs.
//
// Shapes    A run names the files that it used; this class then reads and hashes them itself. So no
//           run's word about a file is ever believed in another run.
// Errors    None: what cannot be read, or was changed a moment ago, is not remembered.
// Threads   Any. Its own thread reads; it begins with the second run, because a program that runs
//           one job would not profit.
#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/unique_fd.hpp"
#include "executor/digest_table.hpp"
#include "executor/sandbox.hpp"

namespace mayfly::executor {

class DigestKeeper {
 public:
  DigestKeeper() = default;
  DigestKeeper(const DigestKeeper&) = delete;
  DigestKeeper& operator=(const DigestKeeper&) = delete;
  ~DigestKeeper();

  // Before a run: the table for it (see DigestTable::map). Absent: nothing is
  // known.
  UniqueFd table();
  // After it.
  void note(const RunReport& report);

 private:
  void note_file(const std::string& path, const crypto::Sha256& digest);
  void keep_reading();

  std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;
  // What runs have named. By its digest too: a file that was replaced is read again.
  std::set<std::pair<std::string, crypto::Sha256>> noted_;
  std::deque<std::string> to_read_;
  std::map<FileIdentity, crypto::Sha256> known_;
  UniqueFd table_;
  std::thread reader_;
};

}  // namespace mayfly::executor
