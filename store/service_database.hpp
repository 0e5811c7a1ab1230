// What the HTTP service must still know after a restart, in a database of its own beside that of
// the certificates: who may ask, which runs were accepted, what is private, who did what.
//
// Shapes    Nothing of a dataset, no output, no secret: of tokens and keys only hashes.
// Errors    As Store::open().
// Threads   May be shared by threads; whoever uses it takes the lock. Several processes may open
//           one database at once.
#pragma once
#include <filesystem>
#include <memory>
#include <mutex>

#include "base/result.hpp"

struct sqlite3;

namespace mayfly::store {

class ServiceDatabase {
 public:
  static Result<ServiceDatabase> open(const std::filesystem::path& database);
  ServiceDatabase(ServiceDatabase&&) noexcept;
  ServiceDatabase& operator=(ServiceDatabase&&) noexcept;
  ~ServiceDatabase();

  class Locked {
   public:
    Locked(std::unique_lock<std::mutex> lock, sqlite3* connection)
        : lock_(std::move(lock)), connection_(connection) {}
    sqlite3* connection() const { return connection_; }

   private:
    std::unique_lock<std::mutex> lock_;
    sqlite3* connection_;
  };
  Locked lock() const;

 private:
  struct State;
  explicit ServiceDatabase(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mayfly::store
