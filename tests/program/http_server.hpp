#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>

#include "base/fd.hpp"
#include "base/file.hpp"

namespace ess::test {

/// Answers each request on a free port of this host with the same bytes, until it is destroyed.
class HttpServer {
  public:
    explicit HttpServer(std::string response) : response_(std::move(response)) {
        listening_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(listening_);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: as bind(2) wants it
        REQUIRE(::bind(listening_.get(), any, size) == 0);
        REQUIRE(::listen(listening_.get(), 8) == 0);
        REQUIRE(::getsockname(listening_.get(), any, &size) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() {
        static_cast<void>(::shutdown(listening_.get(), SHUT_RDWR));  // ends the accept(2)
        thread_.join();
    }

    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }

    static std::string ok(const std::string& body) {
        return "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + body;
    }

  private:
    void serve() const {
        while (true) {
            const Fd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            std::string request;
            std::array<char, 1024> bytes{};
            while (request.find("\r\n\r\n") == std::string::npos) {
                const ssize_t got = ::read(client.get(), bytes.data(), bytes.size());
                if (got <= 0) break;
                request.append(bytes.data(), static_cast<std::size_t>(got));
            }
            static_cast<void>(write_all(client.get(), response_));  // a client that went away is none of the test
        }
    }

    std::string response_;
    Fd listening_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace ess::test
