/**
 * Constants and structure offsets of the Linux system-call interface, as glibc and musl define them on 64-bit
 * little-endian machines (LP64). x86-64 and arm64 differ only in `epoll_event`, which is packed on x86-64. Names are the
 * kernel's. `self-check` verifies the offsets at start.
 */

// socket(2)
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SHUT_WR = 1;

// setsockopt(2)
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_ATTACH_REUSEPORT_CBPF = 51;
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_PROBE = 3;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_DEFER_ACCEPT = 9;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;

// recvmmsg(2), sendmmsg(2), recv(2), send(2)
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;

// madvise(2)
export const MADV_HUGEPAGE = 14;
/** For x86-64, and for arm64 with pages of 4 KiB. */
export const HUGE_PAGE_BYTES = 2 * 1024 * 1024;

// struct sock_filter { __u16 code; __u8 jt, jf; __u32 k; }, struct sock_fprog { unsigned short len; sock_filter *filter; }
export const SOCK_FILTER_BYTES = 8;
export const SOCK_FPROG_BYTES = 16;
export const SOCK_FPROG_FILTER = 8;

// eventfd(2), fcntl(2)
export const EFD_CLOEXEC = 0o2000000;
export const EFD_NONBLOCK = 0o4000;
/** An eventfd is read and written as a 64-bit number. */
export const EVENT_BYTES = 8;
export const F_DUPFD_CLOEXEC = 1030;

// epoll(7)
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
/** Several epoll instances wait for one socket: the kernel wakes one of them. It cannot be combined with EPOLL_CTL_MOD. */
export const EPOLLEXCLUSIVE = 0x1000_0000;
export const EPOLL_EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
export const EPOLL_EVENT_DATA = process.arch === 'x64' ? 4 : 8;

// struct iovec { void *base; size_t len; }
export const IOVEC_BYTES = 16;
export const IOVEC_LEN = 8;

// struct mmsghdr { struct msghdr hdr; unsigned len; }
export const MMSGHDR_BYTES = 64;
export const MSG_NAME = 0;
export const MSG_NAMELEN = 8;
export const MSG_IOV = 16;
export const MSG_IOVLEN = 24;
export const MSG_CONTROL = 32;
export const MSG_CONTROLLEN = 40;
export const MSG_FLAGS = 48;
export const MMSG_LEN = 56;

// struct sockaddr_in (16 bytes), struct sockaddr_in6 (28 bytes)
export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;
export const SIN_PORT = 2;
export const SIN_ADDR = 4;
export const SIN6_ADDR = 8;

// struct sockaddr_un { sa_family_t family; char path[108]; }
export const SUN_PATH = 2;
export const SUN_PATH_MAX = 108;

// struct cmsghdr { size_t len; int level; int type; }, then the data, in the space CMSG_SPACE gives it
export const CMSG_DATA = 16;
/** struct in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr; } */
export const PKTINFO4_CONTROL_BYTES = 32;
export const PKTINFO4_IFINDEX = CMSG_DATA;
/** The destination in the header of the datagram. */
export const PKTINFO4_ADDR = CMSG_DATA + 8;
/** struct in6_pktinfo { in6_addr addr; unsigned ifindex; } */
export const PKTINFO6_CONTROL_BYTES = 40;
export const PKTINFO6_ADDR = CMSG_DATA;
export const PKTINFO6_IFINDEX = CMSG_DATA + 16;

// errno(3), the same on both architectures
export const EINTR = 4;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENOSPC = 28;
export const ENOTSOCK = 88;
export const EMSGSIZE = 90;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const ENOBUFS = 105;
