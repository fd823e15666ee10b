#include "base/ed25519.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace ess {

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;
using Context = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

Key own(EVP_PKEY* key) {
    return {key, &EVP_PKEY_free};
}

/// For what only a broken OpenSSL or a lack of memory can refuse.
void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("OpenSSL: Ed25519: ") + what);
}

const unsigned char* in(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* out(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

Bio reader_of(std::string_view pem) {
    Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    require(bio != nullptr, "memory");
    return bio;
}

Bio new_writer() {
    Bio bio(BIO_new(BIO_s_secmem()), &BIO_free);
    require(bio != nullptr, "memory");
    return bio;
}

std::string text_in(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// OpenSSL would ask at the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

bool is_ed25519(const Key& key) {
    // What went wrong is told by the caller; OpenSSL keeps its own words in a queue.
    ERR_clear_error();
    return key && EVP_PKEY_id(key.get()) == EVP_PKEY_ED25519;
}

Key public_key_of(std::string_view bytes) {
    return own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, in(bytes), bytes.size()));
}

std::string raw_public_key(const EVP_PKEY* key) {
    std::string bytes(ed25519_key_size, '\0');
    std::size_t size = bytes.size();
    require(EVP_PKEY_get_raw_public_key(key, out(bytes), &size) == 1 && size == bytes.size(), "public key");
    return bytes;
}

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::from_bytes(std::string_view bytes) {
    if (bytes.size() != ed25519_key_size || !is_ed25519(public_key_of(bytes))) {
        return failure("not an Ed25519 public key");
    }
    return Ed25519PublicKey(std::string(bytes));
}

Result<Ed25519PublicKey> Ed25519PublicKey::from_pem(std::string_view pem) {
    const Key key = own(PEM_read_bio_PUBKEY(reader_of(pem).get(), nullptr, &no_passphrase, nullptr));
    if (!is_ed25519(key)) return failure("not an Ed25519 public key in PEM");
    return Ed25519PublicKey(raw_public_key(key.get()));
}

std::string Ed25519PublicKey::pem() const {
    const Bio bio = new_writer();
    require(PEM_write_bio_PUBKEY(bio.get(), public_key_of(bytes_).get()) == 1, "PEM");
    return text_in(bio);
}

bool Ed25519PublicKey::verify(std::string_view message, std::string_view signature) const {
    const Key key = public_key_of(bytes_);
    const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const bool good =
        key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), in(signature), signature.size(), in(message), message.size()) == 1;
    ERR_clear_error();
    return good;
}

Ed25519PrivateKey Ed25519PrivateKey::generate() {
    Key key = own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    require(key != nullptr, "a new key");
    return Ed25519PrivateKey(std::move(key));
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_pem(std::string_view pem) {
    Key key = own(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, &no_passphrase, nullptr));
    if (!is_ed25519(key)) return failure("not an Ed25519 private key in PEM without a passphrase");
    return Ed25519PrivateKey(std::move(key));
}

std::string Ed25519PrivateKey::pem() const {
    const Bio bio = new_writer();
    require(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
    return text_in(bio);
}

Ed25519PublicKey Ed25519PrivateKey::public_key() const {
    auto key = Ed25519PublicKey::from_bytes(raw_public_key(key_.get()));
    require(key.has_value(), "public key");
    return std::move(*key);
}

std::string Ed25519PrivateKey::sign(std::string_view message) const {
    std::string signature(ed25519_signature_size, '\0');
    std::size_t size = signature.size();
    const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    require(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
                EVP_DigestSign(context.get(), out(signature), &size, in(message), message.size()) == 1 &&
                size == signature.size(),
            "signature");
    return signature;
}

}  // namespace ess
