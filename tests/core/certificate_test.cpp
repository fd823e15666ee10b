#include "base/certificate.hpp"

#include <doctest/doctest.h>

using namespace ess;

namespace {

/// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj "/O=A firm/CN=al\xc3\xadce"
constexpr const char* of_alice = R"(-----BEGIN CERTIFICATE-----
MIIBmjCCAT+gAwIBAgIUFzMtCKftMwYVtVuHLjsJlsnv+GAwCgYIKoZIzj0EAwIw
IjEPMA0GA1UECgwGQSBmaXJtMQ8wDQYDVQQDDAZhbMOtY2UwHhcNMjYxMTI2MTYz
OTE5WhcNMjYxMjI2MTYzOTE5WjAiMQ8wDQYDVQQKDAZBIGZpcm0xDzANBgNVBAMM
BmFsw61jZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCVGEfrV0G3Fz5v9MAuk
VbHbfmK9aGzoFTctN7MOmnjkEKcOgv4qz9g9Vb/+b9O8oxvrBxR9iiPjgbFq4HQI
d+WjUzBRMB0GA1UdDgQWBBQjs2DdfMd+gshhauS5VjZwzFU/ETAfBgNVHSMEGDAW
gBQjs2DdfMd+gshhauS5VjZwzFU/ETAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
BAMCA0kAMEYCIQDHJtUzcrW2M39u21emsKkgHvXXAQaHYzl7U3amxH9oCwIhAL/Z
UpbtY0aTho7n07Pi484zhgVGOpZO2vJUc97e8Xuh
-----END CERTIFICATE-----
)";
constexpr const char* without_name = R"(-----BEGIN CERTIFICATE-----
MIIBdjCCAR2gAwIBAgIUerSXoh/LZykrypiQ+UKndRu5je4wCgYIKoZIzj0EAwIw
ETEPMA0GA1UECgwGQSBmaXJtMB4XDTI2MTEyNjE2MzkyM1oXDTI2MTIyNjE2Mzky
M1owETEPMA0GA1UECgwGQSBmaXJtMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
GI1rh4QyKiwHHEYMeGkjfb8Hoay4PnCG5cuuCts2Qpdxdc5g0V/GxsJDcwrMhjUO
GBnezgRxy3OmxJ8elmXH1qNTMFEwHQYDVR0OBBYEFAcHxhcNwfDtd+OWHrwJMuiN
hg7bMB8GA1UdIwQYMBaAFAcHxhcNwfDtd+OWHrwJMuiNhg7bMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgOYwd6KGk4GP55IrgD9uRO4zJO7FJW7z3
q/Wv2Gma5JsCICTwQEbLbeM6oH4m+wO4i0BJRzyKoQ5Aw/J3MboKpOHI
-----END CERTIFICATE-----
)";

}  // namespace

TEST_CASE("certificate: the subject's common name, of the first one") {
    const auto name = common_name_in(of_alice);
    REQUIRE(name);
    CHECK(*name == "al\u00edce");
    CHECK(common_name_in(std::string("a comment\n") + of_alice + without_name).value_or("") == *name);
}

TEST_CASE("certificate: one without a common name, and what is none, is a failure") {
    CHECK_FALSE(common_name_in(without_name));
    for (const char* const text : {"", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "alice"})
        CHECK_FALSE(common_name_in(text));
}
