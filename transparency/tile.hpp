// Tiles: the pieces in which a log publishes its tree and its entries.
//
// Source    C2SP tlog-tiles.
// Shapes    A tile is 1 to 256 hashes of 32 bytes; its path "tile/<level>/<index>[.p/<width>]", an
//           entry bundle's "tile/entries/<index>[.p/<width>]"; an index as "x001/x234/067". An
//           entry in a bundle is its length, 2 bytes big-endian, and its bytes.
// Errors    malformed: another form, or a tile of another size than its width.  limit: an entry
//           over entry_bytes_max.
// Threads   Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transparency/merkle_tree.hpp"

namespace mayfly::transparency {

inline constexpr unsigned tile_height = 8;
inline constexpr std::size_t tile_width = 256;
inline constexpr unsigned tile_level_max = 63;
inline constexpr std::size_t entry_bytes_max = 65'535;

struct TileName {
  std::optional<unsigned> level;  // absent: a bundle of entries
  std::uint64_t index = 0;
  std::size_t width = tile_width;  // below 256: partial
  bool operator==(const TileName&) const = default;
};
std::string tile_path(const TileName& name);
Result<TileName> parse_tile_path(std::string_view path);

// Every tile and bundle of a tree of this size, bundles last.
std::vector<TileName> tiles_of(std::uint64_t size);
// How wide the `index`-th tile of a level is in a tree of this size; 0: it has none.
std::size_t width_in(std::optional<unsigned> level, std::uint64_t index, std::uint64_t size);

// Precondition: name.level is present, and the tree has that tile in that width.
Bytes tile_bytes(const MerkleTree& tree, const TileName& name);
Result<std::vector<Sha256>> parse_tile(ByteView bytes, std::size_t width);

// Appends one entry to a bundle. Precondition: at most entry_bytes_max.
void append_entry(Bytes& bundle, ByteView entry);
Result<std::vector<Bytes>> parse_entry_bundle(ByteView bytes, std::size_t width);

}  // namespace mayfly::transparency
