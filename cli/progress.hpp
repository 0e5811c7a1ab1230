// One changing line on a terminal while something long goes on; silent when nobody watches.
#pragma once
#include <cstdint>

namespace mayfly::cli {

class Progress {
 public:
  enum class Mode : std::uint8_t { quiet, terminal_only };
  explicit Progress(Mode mode);
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void reading(std::uint64_t bytes);

 private:
  bool shown_;
  bool dirty_ = false;
  std::uint64_t next_bytes_ = 0;
};

}  // namespace mayfly::cli
