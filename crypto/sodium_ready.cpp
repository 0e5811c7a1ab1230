#include "crypto/sodium_ready.hpp"

#include <sodium.h>

#include <cstdlib>

namespace mayfly::crypto {

void require_sodium() {
  static const int ready = sodium_init();
  if (ready < 0) std::abort();
}

}  // namespace mayfly::crypto
