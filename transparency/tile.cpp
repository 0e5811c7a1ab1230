#include "transparency/tile.hpp"

#include <algorithm>
#include <array>

#include "base/byte_reader.hpp"
#include "transparency/text_line.hpp"

namespace mayfly::transparency {
namespace {

constexpr std::string_view tile_prefix = "tile/";
constexpr std::string_view entries_word = "entries";

std::string three_digits(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  return std::string(3 - digits.size(), '0') + digits;
}

std::unexpected<Error> bad_path() {
  return fail(ErrorCode::malformed,
              "a tile's path is tile/<level or \"entries\">/<index>[.p/<width>]");
}

// "x001/x234/067"
Result<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  std::size_t parts = 0;
  for (;;) {
    const std::size_t slash = text.find('/');
    const bool is_last = slash == std::string_view::npos;
    std::string_view part = text.substr(0, slash);
    if (part.starts_with('x') == is_last) return bad_path();
    if (!is_last) part.remove_prefix(1);
    if (part.size() != 3 || part.find_first_not_of("0123456789") != std::string_view::npos) {
      return bad_path();
    }
    const auto digit = [part](std::size_t i) { return static_cast<std::uint64_t>(part[i] - '0'); };
    const std::uint64_t value = digit(0) * 100 + digit(1) * 10 + digit(2);
    // One index, one path: no leading part is zero. Six parts stay far below 2^64.
    if ((parts == 0 && !is_last && value == 0) || ++parts > 6) return bad_path();
    index = index * 1000 + value;
    if (is_last) return index;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string tile_path(const TileName& name) {
  std::string index = three_digits(name.index % 1000);
  for (std::uint64_t rest = name.index / 1000; rest != 0; rest /= 1000) {
    index = "x" + three_digits(rest % 1000) + "/" + index;
  }
  std::string path = std::string(tile_prefix) +
                     (name.level ? std::to_string(*name.level) : std::string(entries_word)) + "/" +
                     index;
  if (name.width != tile_width) path += ".p/" + std::to_string(name.width);
  return path;
}

Result<TileName> parse_tile_path(std::string_view path) {
  if (!path.starts_with(tile_prefix)) return bad_path();
  path.remove_prefix(tile_prefix.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return bad_path();
  TileName name;
  if (const std::string_view level = path.substr(0, slash); level != entries_word) {
    const auto number = parse_decimal(level);
    if (!number || *number > tile_level_max) return bad_path();
    name.level = static_cast<unsigned>(*number);
  }
  path.remove_prefix(slash + 1);
  if (const std::size_t partial = path.find(".p/"); partial != std::string_view::npos) {
    const auto width = parse_decimal(path.substr(partial + 3));
    if (!width || *width == 0 || *width >= tile_width) return bad_path();
    name.width = *width;
    path = path.substr(0, partial);
  }
  TRY(name.index, parse_index(path));
  return name;
}

std::size_t width_in(std::optional<unsigned> level, std::uint64_t index, std::uint64_t size) {
  const unsigned shift = tile_height * level.value_or(0);
  const std::uint64_t hashes = shift < 64 ? size >> shift : 0;
  const std::uint64_t full_tiles = hashes / tile_width;
  if (index < full_tiles) return tile_width;
  return index == full_tiles ? hashes % tile_width : 0;
}

std::vector<TileName> tiles_of(std::uint64_t size) {
  std::vector<TileName> names;
  for (unsigned level = 0; tile_height * level < 64 && (size >> (tile_height * level)) != 0;
       ++level) {
    std::size_t width = 0;
    for (std::uint64_t index = 0; (width = width_in(level, index, size)) != 0; ++index) {
      names.push_back({.level = level, .index = index, .width = width});
    }
  }
  std::size_t width = 0;
  for (std::uint64_t index = 0; (width = width_in(std::nullopt, index, size)) != 0; ++index) {
    names.push_back({.level = std::nullopt, .index = index, .width = width});
  }
  return names;
}

Bytes tile_bytes(const MerkleTree& tree, const TileName& name) {
  Bytes bytes;
  const auto row =
      tree.row(tile_height * name.level.value_or(0), name.index * tile_width, name.width);
  bytes.reserve(row.size() * sizeof(Sha256::bytes));
  for (const Sha256& hash : row) {
    bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.end());
  }
  return bytes;
}

Result<std::vector<Sha256>> parse_tile(ByteView bytes, std::size_t width) {
  constexpr std::size_t hash_bytes = 32;
  if (bytes.size() != width * hash_bytes) {
    return fail(ErrorCode::malformed, "a tile of width " + std::to_string(width) + " has " +
                                          std::to_string(width * hash_bytes) +
                                          " bytes, this one has " + std::to_string(bytes.size()));
  }
  std::vector<Sha256> hashes;
  hashes.reserve(width);
  for (std::size_t at = 0; at < bytes.size(); at += hash_bytes) {
    TRY(const Sha256 hash, hash_from_bytes(bytes.subspan(at, hash_bytes)));
    hashes.push_back(hash);
  }
  return hashes;
}

void append_entry(Bytes& bundle, ByteView entry) {
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<std::uint8_t>(entry.size()));
  bundle.insert(bundle.end(), entry.begin(), entry.end());
}

Result<std::vector<Bytes>> parse_entry_bundle(ByteView bytes, std::size_t width) {
  ByteReader reader(bytes);
  std::vector<Bytes> entries;
  for (std::size_t i = 0; i < width; ++i) {
    TRY(const std::uint16_t size, reader.take_u16_be());
    TRY(const ByteView entry, reader.take(size));
    entries.emplace_back(entry.begin(), entry.end());
  }
  if (reader.remaining() != 0) {
    return fail(ErrorCode::malformed,
                "a bundle of " + std::to_string(width) + " entries has bytes after the last one");
  }
  return entries;
}

}  // namespace mayfly::transparency
