#include "crypto/hpke.hpp"

#include <algorithm>
#include <array>

#include "crypto/sha2.hpp"
#include "crypto/wipe.hpp"

namespace mayfly::crypto {
namespace {

// RFC 9180 section 7: KEM 0x0020, KDF 0x0001, AEAD 0xffff (export-only).
constexpr std::array<std::uint8_t, 5> kem_suite = {'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<std::uint8_t, 10> hpke_suite = {'H',  'P',  'K',  'E',  0x00,
                                                     0x20, 0x00, 0x01, 0xff, 0xff};
constexpr std::uint8_t mode_base = 0x00;

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// A message that may hold a secret, so it never grows and is wiped.
class Message {
 public:
  Message(std::initializer_list<ByteView> parts) {
    std::size_t size = 0;
    for (const ByteView part : parts) size += part.size();
    bytes_.reserve(size);
    for (const ByteView part : parts) append(bytes_, part);
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() { wipe(bytes_); }
  ByteView view() const { return bytes_; }

 private:
  Bytes bytes_;
};

Result<LockedSecret> keyed_hash(ByteView key, ByteView message) {
  TRY(LockedSecret out, LockedSecret::allocate(hpke_exported_bytes));
  Sha256 tag = hmac_sha256(key, message);
  std::ranges::copy(tag.bytes, out.bytes().begin());
  wipe(tag.bytes);
  return out;
}

// RFC 9180 section 4, LabeledExtract.
Result<LockedSecret> labeled_extract(ByteView suite, ByteView salt, std::string_view label,
                                     ByteView input) {
  const Message message{bytes_of("HPKE-v1"), suite, bytes_of(label), input};
  return keyed_hash(salt, message.view());
}

// LabeledExpand, to 32 bytes: the first block of HKDF-Expand (RFC 5869 section 2.3), all of it.
Result<LockedSecret> labeled_expand(ByteView suite, ByteView key, std::string_view label,
                                    ByteView info) {
  constexpr std::array<std::uint8_t, 2> length = {0, hpke_exported_bytes};
  constexpr std::array<std::uint8_t, 1> first_block = {1};
  const Message message{length, bytes_of("HPKE-v1"), suite, bytes_of(label), info, first_block};
  return keyed_hash(key, message.view());
}

// Section 4.1, ExtractAndExpand over the agreed secret and both public keys.
Result<LockedSecret> shared_secret(const LockedSecret& agreed, ByteView enc, ByteView recipient) {
  Bytes context;
  append(context, enc);
  append(context, recipient);
  TRY(const LockedSecret key, labeled_extract(kem_suite, {}, "eae_prk", agreed.view()));
  return labeled_expand(kem_suite, key.view(), "shared_secret", context);
}

}  // namespace

// Section 5.1, KeySchedule in mode base: no pre-shared key.
Result<HpkeExporter> hpke_key_schedule(ByteView shared, ByteView info) {
  TRY(const LockedSecret no_psk, labeled_extract(hpke_suite, {}, "psk_id_hash", {}));
  TRY(const LockedSecret info_hash, labeled_extract(hpke_suite, {}, "info_hash", info));
  Bytes context{mode_base};
  append(context, no_psk.view());
  append(context, info_hash.view());
  TRY(const LockedSecret secret, labeled_extract(hpke_suite, shared, "secret", {}));
  TRY(LockedSecret exporter, labeled_expand(hpke_suite, secret.view(), "exp", context));
  return HpkeExporter(std::move(exporter));
}

Result<LockedSecret> HpkeExporter::export_secret(ByteView context) const {
  return labeled_expand(hpke_suite, secret_.view(), "sec", context);
}

Result<HpkeSender> hpke_send(ByteView recipient, ByteView info) {
  TRY(const X25519PrivateKey ephemeral, X25519PrivateKey::generate());
  return hpke_send_with(ephemeral, recipient, info);
}

Result<HpkeSender> hpke_send_with(const X25519PrivateKey& ephemeral, ByteView recipient,
                                  ByteView info) {
  TRY(const LockedSecret agreed, ephemeral.agree(recipient));
  TRY(const LockedSecret shared, shared_secret(agreed, ephemeral.public_key(), recipient));
  TRY(HpkeExporter exporter, hpke_key_schedule(shared.view(), info));
  return HpkeSender{.enc = ephemeral.public_key(), .exporter = std::move(exporter)};
}

Result<HpkeExporter> hpke_receive(const X25519PrivateKey& recipient, ByteView enc, ByteView info) {
  TRY(const LockedSecret agreed, recipient.agree(enc));
  TRY(const LockedSecret shared, shared_secret(agreed, enc, recipient.public_key()));
  return hpke_key_schedule(shared.view(), info);
}

}  // namespace mayfly::crypto
