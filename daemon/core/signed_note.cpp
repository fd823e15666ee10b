#include "core/signed_note.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace ess {

namespace {

constexpr std::string_view signature_mark = "\u2014 ";
constexpr char ed25519_type = '\1';
constexpr std::size_t id_size = 4;
// The White_Space characters of Unicode past ASCII, the last of which are controls and refused anyway.
constexpr std::array<std::string_view, 19> wide_spaces{
    "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

bool is_name(std::string_view name) {
    if (name.empty() || !is_utf8(name)) return false;
    if (std::any_of(name.begin(), name.end(), [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte <= 0x20 || byte == 0x7F || c == '+';
        })) {
        return false;
    }
    return std::none_of(wide_spaces.begin(), wide_spaces.end(),
                        [&](std::string_view space) { return name.find(space) != std::string_view::npos; });
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

std::string typed_key(const Ed25519PublicKey& key) {
    return ed25519_type + key.bytes();
}

std::string id_of(const std::string& name, const Ed25519PublicKey& key) {
    return std::string(bytes_of(sha256(name + "\n" + typed_key(key))).substr(0, id_size));
}

Result<NoteSignature> parse_signature(std::string_view line) {
    if (!line.starts_with(signature_mark)) return failure("a line behind the text is no signature");
    line.remove_prefix(signature_mark.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || !is_name(line.substr(0, space)))
        return failure("a signature without a name");
    const auto bytes = from_base64(line.substr(space + 1));
    if (!bytes || bytes->size() <= id_size) return failure("a signature that is not base64 of a key id and more");
    return NoteSignature{std::string(line.substr(0, space)), bytes->substr(0, id_size), bytes->substr(id_size)};
}

}  // namespace

VerifierKey::VerifierKey(std::string name, Ed25519PublicKey key)
    : name_(std::move(name)), key_(std::move(key)), id_(id_of(name_, key_)) {}

Result<VerifierKey> VerifierKey::make(std::string name, Ed25519PublicKey key) {
    if (!is_name(name)) return failure("verifier key: \"" + clean_line(name, 80) + "\" is no name of a key");
    return VerifierKey(std::move(name), std::move(key));
}

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos) return failure("verifier key: not NAME+ID+KEY");
    const auto bytes = from_base64(text.substr(second + 1));
    if (!bytes || bytes->empty()) return failure("verifier key: the key is not base64");
    if (bytes->front() != ed25519_type) return failure("verifier key: not of Ed25519 (type 0x01)");
    auto key = Ed25519PublicKey::from_bytes(std::string_view(*bytes).substr(1));
    if (!key) return failure_in("verifier key", key.error());
    auto made = make(std::string(text.substr(0, first)), std::move(*key));
    if (made && made->text() != text) return failure("verifier key: the id is not that of the key");
    return made;
}

std::string VerifierKey::text() const {
    return name_ + "+" + to_hex(id_) + "+" + to_base64(typed_key(key_));
}

std::string SignedNote::text() const {
    std::string text = body + "\n";
    for (const NoteSignature& signature : signatures) {
        text.append(signature_mark).append(signature.name).append(1, ' ');
        text.append(to_base64(signature.key_id + signature.bytes)).append(1, '\n');
    }
    return text;
}

Result<SignedNote> parse_note(std::string_view text) {
    if (text.size() > note_limit) return failure("signed note: too long");
    if (!is_utf8(text) || has_control(text)) return failure("signed note: not UTF-8 text with newlines alone");
    const std::size_t blank = text.rfind("\n\n");
    if (blank == std::string_view::npos) return failure("signed note: no blank line before the signatures");
    SignedNote note{std::string(text.substr(0, blank + 1)), {}};
    std::string_view rest = text.substr(blank + 2);
    if (!rest.ends_with('\n')) return failure("signed note: no signature, or no newline at its end");
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        auto signature = parse_signature(rest.substr(0, end));
        if (!signature) return failure_in("signed note", signature.error());
        note.signatures.push_back(std::move(*signature));
        rest.remove_prefix(end + 1);
    }
    return note;
}

Result<NoteSignature> sign_note(std::string_view body, const std::string& name, const Ed25519PrivateKey& key) {
    if (!body.ends_with('\n') || !is_utf8(body) || has_control(body)) return failure("signed note: not a text to sign");
    const auto signer = VerifierKey::make(name, key.public_key());
    if (!signer) return tl::make_unexpected(signer.error());
    return NoteSignature{name, signer->id(), key.sign(body)};
}

Result<> verify_note(const SignedNote& note, const VerifierKey& key) {
    bool signed_by_it = false;
    for (const NoteSignature& signature : note.signatures) {
        if (signature.name != key.name() || signature.key_id != key.id()) continue;
        if (!key.key().verify(note.body, signature.bytes))
            return failure("the signature of " + key.text() + " is wrong");
        signed_by_it = true;
    }
    if (!signed_by_it) return failure("not signed by " + key.text());
    return {};
}

}  // namespace ess
