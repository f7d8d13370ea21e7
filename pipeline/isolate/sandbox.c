#include "pipeline/isolate/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// Memory and time, threads, and reading what is open or may be opened.
static const char *const allowed[] = {
    "access",
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "dup",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fcntl",
    "fstat",
    "fstatfs",
    "futex",
    "futex_waitv",
    "getcpu",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "lstat",
    "madvise",
    "membarrier",
    "mincore",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "pipe2",
    "poll",
    "ppoll",
    "prctl",
    "pread64",
    "preadv",
    "pselect6",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "recvfrom",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "seccomp",
    "select",
    "sendmsg",
    "sendto",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "stat",
    "statfs",
    "statx",
    "sysinfo",
    "time",
    "uname",
    "write",
    "writev",
};

static const char *const network[] = {
    "accept4", "bind",     "connect",  "getpeername", "getsockname", "getsockopt",
    "listen",  "recvmmsg", "sendmmsg", "setsockopt",  "shutdown",
};

// No decoder comes near these.
static const char *const fatal[] = {
    "add_key",
    "bpf",
    "chroot",
    "delete_module",
    "execve",
    "execveat",
    "finit_module",
    "fork",
    "init_module",
    "io_uring_setup",
    "kexec_load",
    "keyctl",
    "mount",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pivot_root",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "reboot",
    "request_key",
    "setgid",
    "setns",
    "setresuid",
    "setuid",
    "swapon",
    "umount2",
    "unshare",
    "userfaultfd",
    "vfork",
};

struct filter {
    scmp_filter_ctx context;
    int result; // of the first rule that failed; 0: none
};

// Adds a rule for the call, unless this processor has no such call. argument: NULL for any.
static void add(struct filter *filter, uint32_t action, const char *name,
                const struct scmp_arg_cmp *argument)
{
    const int call = seccomp_syscall_resolve_name(name);
    if (filter->result == 0 && call >= 0) {
        filter->result = seccomp_rule_add_array(filter->context, action, call,
                                                argument != NULL ? 1 : 0, argument);
    }
}

// A rule for calls whose argument of that index, masked, has the value.
static void add_masked(struct filter *filter, uint32_t action, const char *name, unsigned index,
                       uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp argument = { index, SCMP_CMP_MASKED_EQ, mask, value };
    add(filter, action, name, &argument);
}

static void add_equal(struct filter *filter, const char *name, unsigned index, uint64_t value)
{
    add_masked(filter, SCMP_ACT_ALLOW, name, index, UINT32_MAX, value); // these are all ints
}

static void add_all(struct filter *filter, uint32_t action, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(filter, action, names[i], NULL);
    }
}

// A socket to the network; AF_NETLINK is how the resolver learns which addresses there are.
static void allow_sockets(struct filter *filter)
{
    static const int families[] = { AF_INET, AF_INET6, AF_NETLINK };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        add_equal(filter, "socket", 0, (uint64_t)families[i]);
    }
    add_all(filter, SCMP_ACT_ALLOW, network, sizeof network / sizeof network[0]);
}

static void allow_files(struct filter *filter, enum pipeline_url_kind kind)
{
    const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    add_masked(filter, SCMP_ACT_ALLOW, "openat", 2, writing, O_RDONLY);
    add_masked(filter, SCMP_ACT_ALLOW, "open", 1, writing, O_RDONLY);
    enum { FIONREAD_REQUEST = 0x541b, FIONBIO_REQUEST = 0x5421 };
    add_equal(filter, "ioctl", 1, FIONREAD_REQUEST);
    add_equal(filter, "ioctl", 1, FIONBIO_REQUEST);
    if (kind == PIPELINE_URL_V4L2) { // a camera is opened for both, and driven by ioctls of type V
        add_masked(filter, SCMP_ACT_ALLOW, "openat", 2, writing, O_RDWR);
        add_masked(filter, SCMP_ACT_ALLOW, "ioctl", 1, 0xff00, 'V' << 8);
    }
}

static bool finish_filter(struct filter *filter, struct mc_error *err)
{
    int result = filter->result;
    if (result == 0) {
        result = seccomp_attr_set(filter->context, SCMP_FLTATR_CTL_TSYNC, 1);
    }
    if (result == 0) { // the kernel's own errors, rather than ECANCELED for each of them
        result = seccomp_attr_set(filter->context, SCMP_FLTATR_API_SYSRAWRC, 1);
    }
    if (result == 0) {
        result = seccomp_load(filter->context);
    }
    seccomp_release(filter->context);
    return result == 0 || mc_error_set(err, MC_ERROR_SYSTEM, -result,
                                       "no sandbox for the decoder: the kernel refuses its filter "
                                       "of system calls: %s",
                                       strerrordesc_np(-result));
}

static void set_limit(__rlimit_resource_t resource, rlim_t value)
{
    const struct rlimit limit = { value, value };
    setrlimit(resource, &limit);
}

// AddressSanitizer and its like reserve terabytes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITS_MEMORY = 0 };
#else
enum { LIMITS_MEMORY = 1 };
#endif

bool pipeline_sandbox_enter(enum pipeline_url_kind kind, size_t memory_bytes, struct mc_error *err)
{
    enum { FILES_MAX = 128 };
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, FILES_MAX);
    if (LIMITS_MEMORY) {
        set_limit(RLIMIT_AS, memory_bytes);
    }
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return mc_error_set_errno(err, "no sandbox for the decoder");
    }
    struct filter filter = { .context = seccomp_init(SCMP_ACT_ERRNO(EPERM)) };
    if (filter.context == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a decoder's sandbox");
    }
    add_all(&filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof allowed[0]);
    add_all(&filter, SCMP_ACT_KILL_PROCESS, fatal, sizeof fatal / sizeof fatal[0]);
    // Threads, but no processes. The arguments of clone3 can't be seen here: without it, libc
    // uses clone.
    add_masked(&filter, SCMP_ACT_ALLOW, "clone", 0, CLONE_THREAD, CLONE_THREAD);
    add(&filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL);
    // Signals go to itself alone, as abort() sends them.
    add_equal(&filter, "tgkill", 0, (uint64_t)getpid());
    allow_files(&filter, kind);
    if (pipeline_url_is_sent(kind)) {
        allow_sockets(&filter);
    }
    return finish_filter(&filter, err);
}

bool pipeline_sandbox_tighten(bool reconnects, struct mc_error *err)
{
    struct filter filter = { .context = seccomp_init(SCMP_ACT_ALLOW) };
    if (filter.context == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a decoder's sandbox");
    }
    add_masked(&filter, SCMP_ACT_ERRNO(EPERM), "mmap", 2, PROT_EXEC, PROT_EXEC);
    add_masked(&filter, SCMP_ACT_ERRNO(EPERM), "mprotect", 2, PROT_EXEC, PROT_EXEC);
    if (!reconnects) {
        static const char *const calls[] = { "socket", "connect", "bind", "listen", "accept4" };
        add_all(&filter, SCMP_ACT_KILL_PROCESS, calls, sizeof calls / sizeof calls[0]);
    }
    return finish_filter(&filter, err);
}
