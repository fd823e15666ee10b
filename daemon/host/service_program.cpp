#include "host/service_program.hpp"

#include <cstdio>
#include <exception>
#include <string>

#include "core/status.hpp"

namespace ess::host {

int run_program(int argc, char** argv, const ServiceProgram& program) {
    const std::string_view option = argc > 1 ? argv[1] : "";
    const std::string name(program.name);
    const bool own = argc == 2 && option == program.option;
    if (argc > 1 && !own) {
        const bool known = argc == 2 && (option == "--help" || option == "--version");
        const std::string text = option == "--version" ? name + " " + version() + "\n" : program.usage;
        static_cast<void>(std::fputs(text.c_str(), known ? stdout : stderr));
        return known ? 0 : exit_usage;
    }
    journal::Log log;
    try {
        return own ? program.with_option() : program.run(log);
    } catch (const std::exception& error) {
        journal::log(journal::Level::Critical, name + " ends: " + error.what());
        return exit_failure;
    }
}

}  // namespace ess::host
