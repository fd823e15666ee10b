#include "core/changelog_blocks.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "core/entry_form.hpp"

namespace ess {

namespace {

/// CommonMark: four spaces make a line a code block by itself.
constexpr std::size_t greatest_indent = 3;
constexpr std::size_t least_fence = 3;

std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

/// The line that opens a fenced block.
struct Fence {
    char mark = 0;  ///< '`' or '~'
    std::size_t length = 0;
    std::size_t indent = 0;
    std::size_t line = 0;
    bool yaml = false;
};

bool is_yaml_language(std::string_view info) {
    const std::string_view word = info.substr(0, info.find_first_of(" \t{"));
    std::string lower(word);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower == "yaml" || lower == "yml";
}

std::optional<Fence> opening(std::string_view line, std::size_t number) {
    Fence fence{0, 0, indent_of(line), number, false};
    line.remove_prefix(fence.indent);
    if (line.empty() || (line.front() != '`' && line.front() != '~')) return std::nullopt;
    fence.mark = line.front();
    fence.length = std::min(line.find_first_not_of(fence.mark), line.size());
    const std::string_view info = trim(line.substr(fence.length));
    // Backticks in it make it a span of code in a line of prose.
    if (fence.length < least_fence || (fence.mark == '`' && info.find('`') != std::string_view::npos))
        return std::nullopt;
    fence.yaml = is_yaml_language(info);
    return fence;
}

bool closes(std::string_view line, const Fence& fence) {
    const std::size_t indent = indent_of(line);
    if (indent > greatest_indent) return false;
    line = trim(line.substr(indent));
    return line.size() >= fence.length && line.find_first_not_of(fence.mark) == std::string_view::npos;
}

bool is_document_start(std::string_view line) {
    return line.starts_with("---") && (line.size() == 3 || line[3] == ' ' || line[3] == '\t');
}

/// The value of a line "operation_id: VALUE", or of one with `amends`.
std::optional<std::string_view> id_in(std::string_view line) {
    for (const std::string_view key : {"operation_id:", "amends:"}) {
        if (line.starts_with(key)) return trim(line.substr(key.size()));
    }
    return std::nullopt;
}

struct Found {
    bool content = false;  ///< a line that is neither blank nor a comment nor `---`
    bool id = false;
    bool is_template = false;
};

Found look_into(std::string_view text) {
    Found found;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::string_view bare = trim(line);
        found.content = found.content || (!bare.empty() && bare.front() != '#' && !is_document_start(line));
        const auto id = id_in(line);
        found.id = found.id || id;
        found.is_template = found.is_template || (id && *id == template_operation_id);
    }
    return found;
}

/// Divides a YAML text at its `---` lines.
std::vector<ChangelogBlock> documents_of(const ChangelogBlock& whole) {
    std::vector<ChangelogBlock> documents;
    ChangelogBlock here{whole.line, whole.indent, "", false};
    const auto finish = [&] {
        const Found found = look_into(here.text);
        here.is_template = found.is_template;
        if (found.content) documents.push_back(here);
    };
    std::size_t number = whole.line;
    for (std::string_view rest = whole.text; !rest.empty(); ++number) {
        const std::string_view line = take_line(rest);
        if (is_document_start(line)) {
            finish();
            here.line = number;
            here.text.clear();
        }
        here.text.append(line).push_back('\n');
    }
    finish();
    return documents;
}

class MarkdownCutter {
  public:
    ChangelogBlocks cut(std::string_view text) {
        std::size_t number = 0;
        while (!text.empty()) {
            const std::string_view line = take_line(text);
            ++number;
            if (fence_) {
                inside(line, number);
            } else {
                outside(line, number);
            }
        }
        if (fence_) fault({fence_->line, 1}, "the block that begins here has no end");
        return std::move(result_);
    }

  private:
    void fault(YamlPlace at, std::string text) {
        if (result_.faults.size() < yaml_fault_limit) result_.faults.push_back({at, std::move(text)});
    }

    void outside(std::string_view line, std::size_t number) {
        const auto fence = opening(line, number);
        if (!fence) return;
        if (fence->indent > greatest_indent) {
            if (fence->yaml) fault({number, 1}, "indent the block by three spaces at most, or it is not one");
            return;
        }
        fence_ = fence;
        block_ = {number + 1, fence->indent, "", false};
        result_.any_yaml = result_.any_yaml || fence->yaml;
    }

    void inside(std::string_view line, std::size_t number) {
        if (closes(line, *fence_)) {
            if (fence_->yaml) take_block();
            fence_.reset();
            return;
        }
        if (!fence_->yaml) return expect_no_entry(line, number);
        line.remove_prefix(std::min(indent_of(line), fence_->indent));
        block_.text.append(line).push_back('\n');
    }

    /// An end that was forgotten would swallow the entry behind it.
    void expect_no_entry(std::string_view line, std::size_t number) {
        const auto other = opening(line, number);
        if (!other || !other->yaml || other->mark != fence_->mark || other->length < fence_->length) return;
        fault({number, 1},
              "a block of YAML begins in the block of line " + std::to_string(fence_->line) + ", which has no end");
    }

    void take_block() {
        std::string_view text = block_.text;
        if (is_document_start(take_line(text))) {
            for (ChangelogBlock& document : documents_of(block_))
                result_.blocks.push_back(std::move(document));
            return;
        }
        const Found found = look_into(block_.text);
        if (found.id && !found.is_template)
            fault({block_.line, 1}, "this looks like an entry: put a line --- before it");
    }

    ChangelogBlocks result_;
    std::optional<Fence> fence_;
    ChangelogBlock block_;
};

}  // namespace

ChangelogBlocks blocks_of_markdown(std::string_view text) {
    return MarkdownCutter().cut(text);
}

ChangelogBlocks blocks_of_yaml(std::string_view text) {
    return {documents_of({1, 0, std::string(text), false}), {}, true};
}

bool has_fence(std::string_view text) {
    while (!text.empty()) {
        if (const auto fence = opening(take_line(text), 0); fence && fence->indent == 0) return true;
    }
    return false;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace ess
