#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "host/control_socket.hpp"
#include "host/loop_thread.hpp"

namespace ess::test {

/// Answers on the sandbox's control socket in essd's place with what it is told, so that what essctl makes of it is the
/// same every time.
class ScriptedEssd {
  public:
    enum class Age { Present, BeforeWatch };
    explicit ScriptedEssd(Json status = Json::object(), Age age = Age::Present);
    ~ScriptedEssd();
    ScriptedEssd(const ScriptedEssd&) = delete;
    ScriptedEssd& operator=(const ScriptedEssd&) = delete;

    /// From now on this is the status, and watchers are told.
    void show(const Json& status);
    /// From now on calls of `method` (Reset, Approve, Start, Check, Drill) are answered with this.
    void answer(const std::string& method, const Json& parameters);
    /// And before that, to who asks for more, with these.
    void stream(const std::string& method, const std::vector<Json>& steps);
    /// From now on calls of `method` (without its interface) are answered with this error.
    void refuse(const std::string& method, const std::string& error, const Json& parameters);
    /// Whether somebody watches, or has asked, by now.
    [[nodiscard]] bool is_asked();

  private:
    void serve(const std::string& method, host::ControlFunction function);

    Json status_;
    std::size_t asked_ = 0;
    std::map<std::string, Json> answers_;
    std::map<std::string, std::vector<Json>> steps_;
    std::map<std::string, VarlinkError> errors_;
    std::vector<host::CallReply> watchers_;
    LoopThread thread_;
    std::optional<host::ControlSocket> socket_;
};

}  // namespace ess::test
