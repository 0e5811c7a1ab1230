#include "crypto/hpke.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text_encoding.hpp"

namespace mayfly::crypto {
namespace {

using nlohmann::json;

Bytes hpke_bytes(const json& text) {
  return hex_decode(text.get<std::string>()).value();
}
std::string exported(const HpkeExporter& exporter, ByteView context) {
  return hex_encode(exporter.export_secret(context)->view());
}

TEST(Hpke, ExportsWhatTheRfcSaysOnBothSides) {
  std::ifstream stream(std::string(MAYFLY_VECTORS) + "/crypto/agreement/hpke_rfc9180.json");
  const json vector = json::parse(stream);
  const Bytes info = hpke_bytes(vector.at("info"));
  const auto ephemeral = X25519PrivateKey::from_bytes(hpke_bytes(vector.at("skEm")));
  const auto recipient = X25519PrivateKey::from_bytes(hpke_bytes(vector.at("skRm")));
  ASSERT_TRUE(ephemeral && recipient);
  EXPECT_EQ(hex_encode(recipient->public_key()), vector.at("pkRm"));
  const auto sender = hpke_send_with(*ephemeral, recipient->public_key(), info);
  ASSERT_TRUE(sender);
  EXPECT_EQ(hex_encode(sender->enc), vector.at("enc"));
  const auto receiver = hpke_receive(*recipient, sender->enc, info);
  ASSERT_TRUE(receiver);
  for (const json& one : vector.at("exports")) {
    const Bytes context = hpke_bytes(one.at("exporter_context"));
    EXPECT_EQ(exported(sender->exporter, context), one.at("exported_value"));
    EXPECT_EQ(exported(*receiver, context), one.at("exported_value"));
  }
}

TEST(Hpke, GivesOtherSecretsForAnyOtherInput) {
  const auto recipient = X25519PrivateKey::generate();
  const auto other = X25519PrivateKey::generate();
  ASSERT_TRUE(recipient && other);
  const Bytes info{1, 2, 3};
  const auto sender = hpke_send(recipient->public_key(), info);
  ASSERT_TRUE(sender);
  const std::string secret = exported(sender->exporter, {});
  EXPECT_EQ(exported(*hpke_receive(*recipient, sender->enc, info), {}), secret);
  EXPECT_NE(exported(*hpke_receive(*other, sender->enc, info), {}), secret);
  EXPECT_NE(exported(*hpke_receive(*recipient, sender->enc, Bytes{1, 2}), {}), secret);
  EXPECT_NE(exported(*hpke_receive(*recipient, other->public_key(), info), {}), secret);
  // The curve ignores the top bit of a point; the secrets do not.
  auto flipped = sender->enc;
  flipped[31] ^= 0x80;
  EXPECT_NE(exported(*hpke_receive(*recipient, flipped, info), {}), secret);
  EXPECT_NE(exported(*hpke_receive(*recipient, sender->enc, info), Bytes{0}), secret);
  EXPECT_NE(exported(hpke_send(recipient->public_key(), info)->exporter, {}), secret);
}

}  // namespace
}  // namespace mayfly::crypto
