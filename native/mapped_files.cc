// A file that is shortened while it is mapped takes its pages away, and whoever reads them gets SIGBUS, in the middle of a product
// or of JavaScript. The handler puts pages of zeros in their place and makes a note, so that the reader goes on, and the loop
// around it finds the note before it uses what was computed.
#include "mapped_files.h"

#include <csignal>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace tslm {

// The list only grows, and an entry that is free is used again, so that a signal handler may read it at any time.
struct MappedFile {
  std::atomic<uintptr_t> begin{0};  // 0: the entry is free
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> isTorn{false};
  bool isTold = false;
  const void* owner = nullptr;
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
  MappedFile* next = nullptr;
};

namespace {

std::atomic<MappedFile*> firstFile{nullptr};
std::mutex listMutex;
struct sigaction previous;
uintptr_t pageSize = 4096;

MappedFile* find(uintptr_t address) {
  for (MappedFile* file = firstFile.load(std::memory_order_acquire); file; file = file->next) {
    const uintptr_t begin = file->begin.load(std::memory_order_acquire);
    if (begin != 0 && address >= begin && address < file->end.load(std::memory_order_acquire)) return file;
  }
  return nullptr;
}

void onBusError(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  MappedFile* file = info->si_code == BUS_ADRERR || info->si_code == BUS_OBJERR ? find(address) : nullptr;
  if (file) {
    // What lies behind the page has gone as well.
    const uintptr_t page = address / pageSize * pageSize;
    const uintptr_t end = (file->end.load() + pageSize - 1) / pageSize * pageSize;
    file->isTorn.store(true, std::memory_order_release);
    void* zeros = mmap(reinterpret_cast<void*>(page), end - page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (zeros != MAP_FAILED) return;
  }
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // As if there were no handler: the signal comes again, for a fault when it is repeated, else from here.
    std::signal(signal, SIG_DFL);
    if (info->si_code <= 0) raise(signal);
  }
}

void install() {
  pageSize = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = onBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous);
}

// The file at the path is the one that was mapped and has lost some of its bytes. One that took its place by renaming is not.
bool isShorter(const MappedFile& file) {
  struct stat status;
  if (stat(file.path.c_str(), &status) != 0) return false;
  if (status.st_dev != file.device || status.st_ino != file.inode) return false;
  return static_cast<uintptr_t>(status.st_size) < file.end - file.begin;
}

}  // namespace

MappedFile* watchMapping(const void* owner, const std::string& path, void* data, size_t length, int fd) {
  static std::once_flag once;
  std::call_once(once, install);
  struct stat status {};
  fstat(fd, &status);
  std::lock_guard<std::mutex> lock(listMutex);
  MappedFile* file = firstFile.load();
  while (file && file->begin != 0) file = file->next;
  const bool isNew = file == nullptr;
  if (isNew) file = new MappedFile();
  file->isTorn = false;
  file->isTold = false;
  file->owner = owner;
  file->path = path;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  const auto begin = reinterpret_cast<uintptr_t>(data);
  file->end = begin + length;
  if (isNew) {
    file->next = firstFile.load();
    firstFile.store(file, std::memory_order_release);
  }
  file->begin.store(begin, std::memory_order_release);
  return file;
}

void forgetMapping(MappedFile* file) {
  std::lock_guard<std::mutex> lock(listMutex);
  file->begin = 0;
  file->owner = nullptr;
}

std::vector<std::string> takeShortened(const void* owner) {
  std::vector<std::string> paths;
  std::lock_guard<std::mutex> lock(listMutex);
  for (MappedFile* file = firstFile; file; file = file->next) {
    if (file->owner != owner || file->begin == 0 || file->isTold) continue;
    if (!file->isTorn && !isShorter(*file)) continue;
    file->isTold = true;
    paths.push_back(file->path);
  }
  return paths;
}

}  // namespace tslm
