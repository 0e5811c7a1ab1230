#include "transparency/trace_leaf.hpp"

#include <string_view>

namespace mayfly::transparency {

Sha256 trace_leaf(const TraceSalt& salt, ByteView event) {
  constexpr std::string_view label = "mayfly/event/v1\n";
  Bytes data;
  data.reserve(label.size() + salt.size() + event.size());
  const ByteView label_bytes = bytes_of(label);
  data.insert(data.end(), label_bytes.begin(), label_bytes.end());
  data.insert(data.end(), salt.begin(), salt.end());
  data.insert(data.end(), event.begin(), event.end());
  return leaf_hash(data);
}

}  // namespace mayfly::transparency
