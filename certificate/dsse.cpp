#include "certificate/dsse.hpp"

#include <string>

namespace mayfly::certificate {

Bytes dsse_pae(std::string_view payload_type, ByteView payload) {
  const std::string head = "DSSEv1 " + std::to_string(payload_type.size()) + " " +
                           std::string(payload_type) + " " + std::to_string(payload.size()) + " ";
  Bytes encoded;
  encoded.reserve(head.size() + payload.size());
  encoded.insert(encoded.end(), head.begin(), head.end());
  encoded.insert(encoded.end(), payload.begin(), payload.end());
  return encoded;
}

}  // namespace mayfly::certificate
