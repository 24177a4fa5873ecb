// Compares the list of guide items with the tables of docs/guide_coverage.md, both ways. A row is `| `item` | status | …`.
#include "guide_items.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

namespace
{
const char* ToString(guide::Status status)
{
    switch (status)
    {
    case guide::Status::Built: return "built";
    case guide::Status::Replaced: return "replaced";
    case guide::Status::Planned: return "planned";
    }
    return "";
}
} // namespace

int main(int count, char** arguments)
{
    if (count != 2)
        return std::fprintf(stderr, "usage: guide_coverage DOCUMENT\n"), 2;
    std::ifstream document(arguments[1]);
    if (!document)
        return std::fprintf(stderr, "cannot read %s\n", arguments[1]), 2;

    int faults = 0;
    std::map<std::string, std::string> rows; // item, status
    for (std::string line; std::getline(document, line);)
    {
        if (!line.starts_with("| `"))
            continue;
        const size_t nameEnd = line.find("` | ", 3);
        const size_t statusEnd = nameEnd == std::string::npos ? nameEnd : line.find(" | ", nameEnd + 4);
        if (statusEnd == std::string::npos)
        {
            std::fprintf(stderr, "not a row of four columns: %s\n", line.c_str());
            ++faults;
            continue;
        }
        const std::string name = line.substr(3, nameEnd - 3);
        if (!rows.emplace(name, line.substr(nameEnd + 4, statusEnd - nameEnd - 4)).second)
        {
            std::fprintf(stderr, "'%s' has two rows\n", name.c_str());
            ++faults;
        }
    }

    for (const guide::Item& item : guide::kItems)
    {
        const std::string name(item.name);
        const auto row = rows.find(name);
        if (row == rows.end())
        {
            std::fprintf(stderr, "the document lacks '%s'\n", name.c_str());
            ++faults;
            continue;
        }
        if (row->second != ToString(item.status))
        {
            std::fprintf(stderr, "'%s' is %s in the list and %s in the document\n", name.c_str(), ToString(item.status),
                         row->second.c_str());
            ++faults;
        }
        rows.erase(row);
    }
    for (const auto& [name, status] : rows)
    {
        std::fprintf(stderr, "the list lacks '%s' (%s)\n", name.c_str(), status.c_str());
        ++faults;
    }
    std::printf("%zu items compared, %d faults\n", std::size(guide::kItems), faults);
    return faults == 0 ? 0 : 1;
}
