// Files that are mapped into memory, and what becomes of those that are shortened meanwhile.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tslm {

// Takes note of a mapping: a page of it whose file has gone is replaced by zeros instead of ending the process. `owner` is
// whoever is to be told. Returns what `forgetMapping` takes, before the mapping is undone.
struct MappedFile;
MappedFile* watchMapping(const void* owner, const std::string& path, void* data, size_t length, int fd);
void forgetMapping(MappedFile* mapping);

// Paths of the owner's files that are shorter than when they were mapped; each is told once.
std::vector<std::string> takeShortened(const void* owner);

}  // namespace tslm
