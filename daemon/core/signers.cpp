#include "core/signers.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/base64.hpp"

namespace ess {

namespace {

constexpr std::string_view armor_begin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view armor_end = "-----END SSH SIGNATURE-----";
/// Before the public key: the magic, and the version of the form.
constexpr std::string_view blob_begin("SSHSIG\0\0\0\1", 10);

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// An SSH string (RFC 4251 section 5), or nothing at all.
std::string_view ssh_string(std::string_view bytes) {
    constexpr std::size_t length_size = 4;
    if (bytes.size() < length_size) return {};
    std::uint32_t length = 0;
    for (const char byte : bytes.substr(0, length_size))
        length = (length << 8U) | static_cast<unsigned char>(byte);
    bytes.remove_prefix(length_size);
    return length <= bytes.size() ? bytes.substr(0, length) : std::string_view();
}

}  // namespace

bool is_same_person(std::string_view left, std::string_view right) {
    const bool whole = left.find('@') != std::string_view::npos && right.find('@') != std::string_view::npos;
    if (!whole) {
        left = left.substr(0, left.find('@'));
        right = right.substr(0, right.find('@'));
    }
    return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

bool is_plain_name(std::string_view name) {
    const auto is_plain = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > ' ' && byte != 0x7f && std::string_view("*?!,\"").find(c) == std::string_view::npos;
    };
    return !name.empty() && name.front() != '-' && std::ranges::all_of(name, is_plain);
}

std::string signature_key(std::string_view armored) {
    if (!armored.starts_with(armor_begin)) return {};
    armored.remove_prefix(armor_begin.size());
    std::string text(armored.substr(0, armored.find(armor_end)));
    std::erase(text, '\n');
    const auto blob = from_base64(text);
    if (!blob || !blob->starts_with(blob_begin)) return {};
    return std::string(ssh_string(std::string_view(*blob).substr(blob_begin.size())));
}

void Signers::add(std::string person, std::string key) {
    if (!has(person)) signers_.push_back({std::move(person), std::move(key)});
}

bool Signers::has(std::string_view person) const {
    return std::ranges::any_of(signers_, [&](const Signer& signer) { return is_same_person(signer.person, person); });
}

std::size_t Signers::people() const {
    std::set<std::string_view> keys;
    for (const Signer& signer : signers_)
        keys.insert(signer.key);
    return keys.size();
}

}  // namespace ess
