#include "crypto/sealed_bytes.hpp"

#include <gtest/gtest.h>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

const Bytes sealing_key(32, 9);

// draft-irtf-cfrg-xchacha-03, A.3.1.
TEST(SealedBytes, OpensTheDraftsExample) {
  Bytes key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(0x80 + i);
  const Bytes place = hex_decode("50515253c0c1c2c3c4c5c6c7").value();
  const Bytes sealed = hex_decode(
                           "404142434445464748494a4b4c4d4e4f5051525354555657"
                           "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1"
                           "b0b4aa6440bf3a82f4e"
                           "da7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3"
                           "f3fac2bc369488f76b2"
                           "383565d3fff921f9664c97637da9768812f615c68b13b52e"
                           "c0875924c1c7987947deafd8780acf49")
                           .value();
  const auto opened = open_bytes(key, sealed, place);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(text_of(*opened),
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
            "future, sunscreen would be it.");
}

TEST(SealedBytes, OpenOnlyUnderTheirKeyAtTheirPlaceAndUnchanged) {
  const Bytes sealed = seal_bytes(sealing_key, bytes_of("private"), bytes_of("here"));
  EXPECT_EQ(sealed.size(), 7 + sealed_overhead_bytes);
  EXPECT_EQ(open_bytes(sealing_key, sealed, bytes_of("here")).value(),
            Bytes({'p', 'r', 'i', 'v', 'a', 't', 'e'}));
  EXPECT_FALSE(open_bytes(Bytes(32, 8), sealed, bytes_of("here")));
  EXPECT_FALSE(open_bytes(sealing_key, sealed, bytes_of("there")));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(open_bytes(sealing_key, changed, bytes_of("here"))) << i;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(open_bytes(sealing_key, ByteView(sealed).first(size), bytes_of("here"))) << size;
  }
}

TEST(SealedBytes, AreOthersEachTime) {
  EXPECT_NE(seal_bytes(sealing_key, {}, {}), seal_bytes(sealing_key, {}, {}));
  EXPECT_TRUE(open_bytes(sealing_key, seal_bytes(sealing_key, {}, {}), {}).value().empty());
}

}  // namespace
}  // namespace mayfly::crypto
