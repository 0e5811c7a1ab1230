#include "attest/collect/tpm_attester.hpp"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>
#include <array>

#include "base/overloaded.hpp"

namespace mayfly::attest {
namespace {

constexpr std::uint32_t ek_certificate_index = 0x01c00002;
constexpr std::uint32_t pcr_count = 24;
constexpr int quote_tries = 4;
constexpr std::size_t index_bytes_max = 4096;
constexpr std::uint16_t nv_chunk_bytes = 512;

// "TPM2_PolicySecret(TPM_RH_ENDORSEMENT)": the policy of the default template.
constexpr std::array<std::uint8_t, 32> endorsement_policy{
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

struct FreeTcti {
  void operator()(TSS2_TCTI_CONTEXT* context) const noexcept { Tss2_TctiLdr_Finalize(&context); }
};
struct FreeEsys {
  void operator()(ESYS_CONTEXT* context) const noexcept { Esys_Finalize(&context); }
};
struct FreeByEsys {
  void operator()(void* memory) const noexcept { Esys_Free(memory); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeByEsys>;

Result<void> check(TSS2_RC code, const char* doing) {
  if (code == TSS2_RC_SUCCESS) {
    return {};
  }
  return fail(ErrorCode::unavailable, std::string("the TPM failed while ") + doing + ": " +
                                          Tss2_RC_Decode(code) +
                                          "; look whether it is there, unlocked and not busy");
}

template <class T, class Marshal>
Result<Bytes> encoded(const T& structure, Marshal marshal) {
  Bytes out(sizeof(T));
  std::size_t size = 0;
  CHECK_OK(check(marshal(&structure, out.data(), out.size(), &size), "encoding its answer"));
  out.resize(size);
  return out;
}

TPM2B_PUBLIC endorsement_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_RSA;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  area.authPolicy.size = endorsement_policy.size();
  std::ranges::copy(endorsement_policy, area.authPolicy.buffer);
  TPMS_RSA_PARMS& rsa = area.parameters.rsaDetail;
  rsa.symmetric.algorithm = TPM2_ALG_AES;
  rsa.symmetric.keyBits.aes = 128;
  rsa.symmetric.mode.aes = TPM2_ALG_CFB;
  rsa.scheme.scheme = TPM2_ALG_NULL;
  rsa.keyBits = 2048;
  area.unique.rsa.size = 256;
  return out;
}

// Restricted: it signs only what this TPM made itself.
TPM2B_PUBLIC attestation_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
  TPMS_ECC_PARMS& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_ECDSA;
  ecc.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

TPML_PCR_SELECTION selection_of(std::uint32_t mask) {
  TPML_PCR_SELECTION out{};
  out.count = 1;
  out.pcrSelections[0].hash = TPM2_ALG_SHA256;
  out.pcrSelections[0].sizeofSelect = 3;
  for (std::size_t i = 0; i < 3; ++i) {
    out.pcrSelections[0].pcrSelect[i] = static_cast<std::uint8_t>(mask >> (8 * i));
  }
  return out;
}

}  // namespace

class TpmAttester::Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (is_transient_ && attestation_handle_ != ESYS_TR_NONE) {
      Esys_FlushContext(esys_.get(), attestation_handle_);
    }
    if (endorsement_handle_ != ESYS_TR_NONE) {
      Esys_FlushContext(esys_.get(), endorsement_handle_);
    }
  }

  Result<void> open(const std::string& address, const TpmKeyChoice& choice) {
    TSS2_TCTI_CONTEXT* tcti = nullptr;
    CHECK_OK(check(Tss2_TctiLdr_Initialize(address.c_str(), &tcti),
                   ("connecting to " + address).c_str()));
    tcti_.reset(tcti);
    ESYS_CONTEXT* esys = nullptr;
    CHECK_OK(check(Esys_Initialize(&esys, tcti, nullptr), "beginning to talk"));
    esys_.reset(esys);
    return std::visit(Overloaded{[this](const TpmFreshKey&) -> Result<void> {
                                   CHECK_OK(make_endorsement_key());
                                   return make_attestation_key();
                                 },
                                 [this](const TpmPersistentKey& key) { return keep(key.handle); },
                                 [this](const TpmForeignKey& key) { return use(key.handle); }},
                      choice);
  }

  Result<Bytes> read_content(std::uint32_t wanted) {
    ESYS_TR index = ESYS_TR_NONE;
    CHECK_OK(check(Esys_TR_FromTPMPublic(esys_.get(), wanted, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &index),
                   "looking for a non-volatile index"));
    auto read = read_index(index);
    Esys_TR_Close(esys_.get(), &index);
    return read;
  }

  Result<std::vector<TpmQuotedPcr>> read_pcrs(std::uint32_t mask) {
    std::vector<TpmQuotedPcr> out;
    for (std::uint32_t index = 0; index < pcr_count; ++index) {
      if ((mask >> index & 1U) == 0) {
        continue;
      }
      const TPML_PCR_SELECTION wanted = selection_of(1U << index);
      std::uint32_t counter = 0;
      TPML_PCR_SELECTION* raw_read = nullptr;
      TPML_DIGEST* raw_values = nullptr;
      CHECK_OK(check(Esys_PCR_Read(esys_.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                                   &counter, &raw_read, &raw_values),
                     "reading PCRs"));
      const Owned<TPML_PCR_SELECTION> read(raw_read);
      const Owned<TPML_DIGEST> values(raw_values);
      if (values->count != 1) {
        return fail(ErrorCode::unavailable, "the TPM has no SHA-256 bank for PCR " +
                                                std::to_string(index) + ": allocate one");
      }
      const TPM2B_DIGEST& digest = values->digests[0];
      out.push_back({index, Bytes(digest.buffer, digest.buffer + digest.size)});
    }
    return out;
  }

  Result<TpmQuoteEvidence> quote_once(ByteView binding, std::uint32_t mask) {
    TPM2B_DATA qualifying{};
    qualifying.size = static_cast<std::uint16_t>(binding.size());
    std::ranges::copy(binding, qualifying.buffer);
    TPMT_SIG_SCHEME scheme{};
    scheme.scheme = TPM2_ALG_NULL;  // the key's own
    const TPML_PCR_SELECTION selection = selection_of(mask);
    TPM2B_ATTEST* raw_attest = nullptr;
    TPMT_SIGNATURE* raw_signature = nullptr;
    CHECK_OK(check(
        Esys_Quote(esys_.get(), attestation_handle_, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                   &qualifying, &scheme, &selection, &raw_attest, &raw_signature),
        "making a quote"));
    const Owned<TPM2B_ATTEST> attest(raw_attest);
    const Owned<TPMT_SIGNATURE> signature(raw_signature);
    TpmQuoteEvidence out;
    out.attest.assign(attest->attestationData, attest->attestationData + attest->size);
    TRY(out.signature, encoded(*signature, Tss2_MU_TPMT_SIGNATURE_Marshal));
    return out;
  }

  Result<Bytes> activate(const TpmCredential& credential) {
    TPM2B_ID_OBJECT id_object{};
    TPM2B_ENCRYPTED_SECRET secret{};
    std::size_t id_used = 0;
    std::size_t secret_used = 0;
    const bool is_read =
        Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(credential.id_object.data(), credential.id_object.size(),
                                          &id_used, &id_object) == TSS2_RC_SUCCESS &&
        Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(credential.encrypted_secret.data(),
                                                 credential.encrypted_secret.size(), &secret_used,
                                                 &secret) == TSS2_RC_SUCCESS;
    if (!is_read || id_used != credential.id_object.size() ||
        secret_used != credential.encrypted_secret.size()) {
      return fail(ErrorCode::malformed, "not a credential: its parts are not of their form");
    }
    TPM2B_DIGEST* raw_secret = nullptr;
    CHECK_OK(with_endorsement([&](ESYS_TR session) {
      return Esys_ActivateCredential(esys_.get(), attestation_handle_, endorsement_handle_,
                                     ESYS_TR_PASSWORD, session, ESYS_TR_NONE, &id_object, &secret,
                                     &raw_secret);
    }));
    const Owned<TPM2B_DIGEST> found(raw_secret);
    return Bytes(found->buffer, found->buffer + found->size);
  }

  const Bytes& attestation_key() const { return attestation_key_; }
  const Bytes& endorsement_key() const { return endorsement_key_; }

 private:
  // A key that stays where it is when the session ends.
  Result<void> use(std::uint32_t handle) {
    CHECK_OK(check(Esys_TR_FromTPMPublic(esys_.get(), handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &attestation_handle_),
                   "looking for the attestation key"));
    is_transient_ = false;
    TPM2B_PUBLIC* raw_public = nullptr;
    CHECK_OK(check(Esys_ReadPublic(esys_.get(), attestation_handle_, ESYS_TR_NONE, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &raw_public, nullptr, nullptr),
                   "reading the attestation key"));
    const Owned<TPM2B_PUBLIC> area(raw_public);
    TRY(attestation_key_, encoded(area->publicArea, Tss2_MU_TPMT_PUBLIC_Marshal));
    return {};
  }

  Result<bool> is_there(std::uint32_t handle) {
    TPMS_CAPABILITY_DATA* raw_capability = nullptr;
    TPMI_YES_NO more = TPM2_NO;
    CHECK_OK(check(Esys_GetCapability(esys_.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      TPM2_CAP_HANDLES, handle, 1, &more, &raw_capability),
                   "looking for the attestation key"));
    const Owned<TPMS_CAPABILITY_DATA> capability(raw_capability);
    const TPML_HANDLE& handles = capability->data.handles;
    return handles.count == 1 && handles.handle[0] == handle;
  }

  Result<void> keep(std::uint32_t handle) {
    CHECK_OK(make_endorsement_key());
    TRY(const bool is_kept, is_there(handle));
    if (!is_kept) {
      CHECK_OK(make_attestation_key());
      ESYS_TR kept = ESYS_TR_NONE;
      CHECK_OK(check(Esys_EvictControl(esys_.get(), ESYS_TR_RH_OWNER, attestation_handle_,
                                       ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept),
                     "keeping the attestation key"));
      Esys_TR_Close(esys_.get(), &kept);
      Esys_FlushContext(esys_.get(), attestation_handle_);
      attestation_handle_ = ESYS_TR_NONE;
    }
    return use(handle);
  }

  // The default template's key is used under a policy session only; one session serves one use.
  template <class Use>
  Result<void> with_endorsement(Use use) {
    TPMT_SYM_DEF symmetric{};
    symmetric.algorithm = TPM2_ALG_NULL;
    ESYS_TR session = ESYS_TR_NONE;
    CHECK_OK(check(Esys_StartAuthSession(esys_.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, ESYS_TR_NONE, nullptr, TPM2_SE_POLICY,
                                         &symmetric, TPM2_ALG_SHA256, &session),
                   "starting a session"));
    auto used = check(Esys_PolicySecret(esys_.get(), ESYS_TR_RH_ENDORSEMENT, session,
                                        ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                                        nullptr, nullptr, 0, nullptr, nullptr),
                      "asking for the endorsement hierarchy");
    if (used) {
      used = check(use(session), "using the endorsement key");
    }
    Esys_FlushContext(esys_.get(), session);
    return used;
  }

  Result<void> make_endorsement_key() {
    const TPM2B_PUBLIC wanted = endorsement_template();
    const TPM2B_SENSITIVE_CREATE sensitive{};
    const TPM2B_DATA outside{};
    const TPML_PCR_SELECTION no_pcrs{};
    TPM2B_PUBLIC* raw_public = nullptr;
    CHECK_OK(check(
        Esys_CreatePrimary(esys_.get(), ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                           ESYS_TR_NONE, &sensitive, &wanted, &outside, &no_pcrs,
                           &endorsement_handle_, &raw_public, nullptr, nullptr, nullptr),
        "making the endorsement key"));
    const Owned<TPM2B_PUBLIC> made(raw_public);
    TRY(endorsement_key_, encoded(made->publicArea, Tss2_MU_TPMT_PUBLIC_Marshal));
    return {};
  }

  Result<void> make_attestation_key() {
    const TPM2B_PUBLIC wanted = attestation_template();
    const TPM2B_SENSITIVE_CREATE sensitive{};
    const TPM2B_DATA outside{};
    const TPML_PCR_SELECTION no_pcrs{};
    TPM2B_PRIVATE* raw_private = nullptr;
    TPM2B_PUBLIC* raw_public = nullptr;
    CHECK_OK(with_endorsement([&](ESYS_TR session) {
      return Esys_Create(esys_.get(), endorsement_handle_, session, ESYS_TR_NONE, ESYS_TR_NONE,
                         &sensitive, &wanted, &outside, &no_pcrs, &raw_private, &raw_public,
                         nullptr, nullptr, nullptr);
    }));
    const Owned<TPM2B_PRIVATE> secret(raw_private);
    const Owned<TPM2B_PUBLIC> made(raw_public);
    CHECK_OK(with_endorsement([&](ESYS_TR session) {
      return Esys_Load(esys_.get(), endorsement_handle_, session, ESYS_TR_NONE, ESYS_TR_NONE,
                       secret.get(), made.get(), &attestation_handle_);
    }));
    TRY(attestation_key_, encoded(made->publicArea, Tss2_MU_TPMT_PUBLIC_Marshal));
    return {};
  }

  Result<Bytes> read_index(ESYS_TR index) {
    TPM2B_NV_PUBLIC* raw_public = nullptr;
    CHECK_OK(check(Esys_NV_ReadPublic(esys_.get(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &raw_public, nullptr),
                   "looking at a non-volatile index"));
    const Owned<TPM2B_NV_PUBLIC> area(raw_public);
    const std::size_t size = area->nvPublic.dataSize;
    if (size > index_bytes_max) {
      return fail(ErrorCode::unavailable, "the TPM's non-volatile index is over 4096 bytes");
    }
    Bytes out;
    while (out.size() < size) {
      const auto count =
          static_cast<std::uint16_t>(std::min<std::size_t>(nv_chunk_bytes, size - out.size()));
      TPM2B_MAX_NV_BUFFER* raw_data = nullptr;
      CHECK_OK(check(
          Esys_NV_Read(esys_.get(), ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                       ESYS_TR_NONE, count, static_cast<std::uint16_t>(out.size()), &raw_data),
          "reading a non-volatile index"));
      const Owned<TPM2B_MAX_NV_BUFFER> data(raw_data);
      if (data->size == 0) {
        return fail(ErrorCode::unavailable, "the TPM gives no more of its non-volatile index");
      }
      out.insert(out.end(), data->buffer, data->buffer + data->size);
    }
    return out;
  }

  // Declared first, destroyed last: ESAPI talks through it.
  std::unique_ptr<TSS2_TCTI_CONTEXT, FreeTcti> tcti_;
  std::unique_ptr<ESYS_CONTEXT, FreeEsys> esys_;
  ESYS_TR endorsement_handle_ = ESYS_TR_NONE;
  ESYS_TR attestation_handle_ = ESYS_TR_NONE;
  bool is_transient_ = true;
  Bytes attestation_key_;
  Bytes endorsement_key_;
};

TpmAttester::TpmAttester(std::unique_ptr<Session> session) : session_(std::move(session)) {}
TpmAttester::TpmAttester(TpmAttester&&) noexcept = default;
TpmAttester& TpmAttester::operator=(TpmAttester&&) noexcept = default;
TpmAttester::~TpmAttester() = default;

Result<TpmAttester> TpmAttester::open(const std::string& address, const TpmKeyChoice& choice) {
  auto session = std::make_unique<Session>();
  CHECK_OK(session->open(address, choice));
  return TpmAttester(std::move(session));
}

const Bytes& TpmAttester::attestation_key() const {
  return session_->attestation_key();
}

const Bytes& TpmAttester::endorsement_key() const {
  return session_->endorsement_key();
}

Result<Bytes> TpmAttester::endorsement_certificate() {
  return session_->read_content(ek_certificate_index);
}

Result<Bytes> TpmAttester::read_index(std::uint32_t index) {
  return session_->read_content(index);
}

Result<TpmQuoteEvidence> TpmAttester::quote(ByteView binding, std::uint32_t pcr_mask) {
  if (binding.size() != tpm_binding_bytes || pcr_mask == 0 || pcr_mask >> pcr_count != 0) {
    return fail(ErrorCode::malformed, "a quote is over 32 bytes and at least one of PCR 0 to 23");
  }
  // A PCR may be extended between reading it and quoting it: then the values are not the quoted
  // ones.
  for (int i = 0; i < quote_tries; ++i) {
    TRY(auto before, session_->read_pcrs(pcr_mask));
    TRY(auto evidence, session_->quote_once(binding, pcr_mask));
    TRY(const auto after, session_->read_pcrs(pcr_mask));
    const bool is_still =
        std::ranges::equal(before, after, {}, &TpmQuotedPcr::value, &TpmQuotedPcr::value);
    if (is_still) {
      evidence.pcrs = std::move(before);
      return evidence;
    }
  }
  return fail(ErrorCode::unavailable,
              "the PCRs change faster than they can be quoted: leave out those that a running "
              "system extends, such as PCR 10");
}

Result<Bytes> TpmAttester::activate(const TpmCredential& credential) {
  return session_->activate(credential);
}

}  // namespace mayfly::attest
