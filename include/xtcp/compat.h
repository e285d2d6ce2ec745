/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows kernel versions. Where a change was backported and
 * versions mislead, Kbuild probes the headers and defines XTCP_HAVE_*.
 */
#ifndef _XTCP_COMPAT_H
#define _XTCP_COMPAT_H

#include <linux/bpf-cgroup.h>
#include <linux/hrtimer.h>
#include <linux/memcontrol.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <net/inet_sock.h>
#include <net/sock.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "xtcp needs Linux 6.1 or later: install newer kernel headers, or point KDIR at them."
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <net/proto_memory.h>
#endif

/* sock_rps_record_flow() */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <net/rps.h>
#endif

/* Who gives memory back when the machine is short of it; NULL without memory. The kernel's object since 6.7. */
static inline struct shrinker *
xtcp_shrinker_begin(const char *name,
		    unsigned long (*count)(struct shrinker *, struct shrink_control *),
		    unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	struct shrinker *shrinker = shrinker_alloc(0, "%s", name);
#else
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
#endif

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker_register(shrinker);
#else
	shrinker->seeks = DEFAULT_SEEKS;
	if (register_shrinker(shrinker, "%s", name)) {
		kfree(shrinker);
		return NULL;
	}
#endif
	return shrinker;
}

static inline void xtcp_shrinker_end(struct shrinker *shrinker)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	shrinker_free(shrinker);
#else
	unregister_shrinker(shrinker);
	kfree(shrinker);
#endif
}

/* proto.connect and proto_ops.bind */
#ifdef XTCP_HAVE_SOCKADDR_UNSIZED
typedef struct sockaddr_unsized xtcp_sockaddr_t;
#else
typedef struct sockaddr xtcp_sockaddr_t;
#endif

/* What a cgroup's programs say to connect(); they may shorten the address from 6.7 on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define xtcp_cgroup_connect4(sk, addr, len)	BPF_CGROUP_RUN_PROG_INET4_CONNECT(sk, addr, len)
#define xtcp_cgroup_connect6(sk, addr, len)	BPF_CGROUP_RUN_PROG_INET6_CONNECT(sk, addr, len)
#else
#define xtcp_cgroup_connect4(sk, addr, len)	BPF_CGROUP_RUN_PROG_INET4_CONNECT(sk, addr)
#define xtcp_cgroup_connect6(sk, addr, len)	BPF_CGROUP_RUN_PROG_INET6_CONNECT(sk, addr)
#endif

/* proto.accept: three arguments became a struct. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define XTCP_ACCEPT_PARAMS	struct sock *sk, struct proto_accept_arg *arg
#define XTCP_ACCEPT_FLAGS	(arg->flags)
#define XTCP_ACCEPT_ERR		(&arg->err)
#else
#define XTCP_ACCEPT_PARAMS	struct sock *sk, int flags, int *err, bool kern
#define XTCP_ACCEPT_FLAGS	(flags)
#define XTCP_ACCEPT_ERR		(err)
#endif

/* proto_ops.accept: the same. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define XTCP_SOCK_ACCEPT_PARAMS	struct socket *sock, struct socket *newsock, \
				struct proto_accept_arg *arg
#define XTCP_INET_ACCEPT	inet_accept(sock, newsock, arg)
#else
#define XTCP_SOCK_ACCEPT_PARAMS	struct socket *sock, struct socket *newsock, int flags, bool kern
#define XTCP_INET_ACCEPT	inet_accept(sock, newsock, flags, kern)
#endif

/*
 * Options of SOL_SOCKET come to us first, from 6.6 or so on. Before that SO_ZEROCOPY is for
 * protocols that the kernel knows.
 */
static inline void xtcp_set_custom_sockopt(struct socket *sock)
{
#ifdef SOCK_CUSTOM_SOCKOPT
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
#endif
}

/* proto.recvmsg lost addr_len in 7.1. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
#define XTCP_RECVMSG_PARAMS	struct sock *sk, struct msghdr *msg, size_t len, int flags
#define xtcp_recv_error(sk, msg, len)	inet_recv_error(sk, msg, len)
#else
#define XTCP_RECVMSG_PARAMS	struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len
#define xtcp_recv_error(sk, msg, len)	inet_recv_error(sk, msg, len, addr_len)
#endif

/* proto.ioctl: the user's pointer became a kernel one in 6.5. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
typedef int *xtcp_ioctl_arg_t;
#define xtcp_ioctl_put(value, arg)	(*(arg) = (value), 0)
#else
typedef unsigned long xtcp_ioctl_arg_t;
#define xtcp_ioctl_put(value, arg)	put_user(value, (int __user *)(arg))
#endif

/* connect() is done, and the SYN is not sent: inet_stream_connect() must know. */
static inline void xtcp_set_defer_connect(struct sock *sk, bool on)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	inet_assign_bit(DEFER_CONNECT, sk, on);
#else
	inet_sk(sk)->defer_connect = on;
#endif
}

#ifndef XTCP_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* What a timestamp is to put_cmsg_scm_timestamping(): ktime_t in 7.1. */
#ifdef XTCP_HAVE_SCM_KTIME
#define xtcp_scm_stamp(stamp) (stamp)
#else
#define xtcp_scm_stamp(stamp) ktime_to_timespec64(stamp)
#endif

/* Not for modules from 6.16 on. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define XTCP_HAVE_HASH_CONNECT
#endif

/* Look-ups in the tables of the kernel's TCP, which was named to them before 6.18. */
#ifdef XTCP_HAVE_LOOKUP_HASHINFO
#define xtcp_kernels_lookup(function, net, ...) \
	function(net, (net)->ipv4.tcp_death_row.hashinfo, __VA_ARGS__)
#else
#define xtcp_kernels_lookup(function, net, ...)	function(net, __VA_ARGS__)
#endif

/* Sysctl tables: a sentinel before 6.11, an explicit size from 6.6. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define XTCP_CTL_CONST		const
#else
#define XTCP_CTL_CONST
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define xtcp_register_net_sysctl(net, path, table, n) \
	register_net_sysctl_sz(net, path, table, n)
#else
#define xtcp_register_net_sysctl(net, path, table, n) \
	register_net_sysctl(net, path, table)
#endif
/* Entries to allocate beside the real ones. */
#define XTCP_CTL_SENTINELS (LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0))

/* How IPv4 looks a route up: SO_DONTROUTE was a bit of the TOS, and is a scope of its own. */
#ifdef RT_CONN_FLAGS
#define xtcp_rt_tos(sk)	RT_CONN_FLAGS(sk)
#else
#define xtcp_rt_tos(sk)	ip_sock_rt_tos(sk)
#endif

/* What IP numbers a socket's packets with: atomic since 6.6, and in stable kernels before. */
#ifdef XTCP_HAVE_ATOMIC_INET_ID
#define xtcp_set_ip_id(sk, id)	atomic_set(&inet_sk(sk)->inet_id, id)
#else
#define xtcp_set_ip_id(sk, id)	(inet_sk(sk)->inet_id = (id))
#endif

/* inet_sock flags: bit fields became atomic bits in 6.6. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define xtcp_inet_recverr(sk)	inet_test_bit(RECVERR, sk)
#else
#define xtcp_inet_recverr(sk)	(inet_sk(sk)->recverr)
#endif

/* Where a socket keeps its struct ipv6_pinfo: last, and from 6.6 on told. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define xtcp_set_pinfo_offset(prot, offset)	((prot)->ipv6_pinfo_offset = (offset))
#else
#define xtcp_set_pinfo_offset(prot, offset)	do { } while (0)
#endif

/* The list of leased flow labels moved from ipv6_pinfo to inet_sock. */
#ifdef XTCP_HAVE_INET_FL_LIST
#define xtcp_inet6_fl_list(sk)	(inet_sk(sk)->ipv6_fl_list)
#else
#define xtcp_inet6_fl_list(sk)	(inet6_sk(sk)->ipv6_fl_list)
#endif

/* ipv6_pinfo: bit fields became bits of inet_sock in 6.7. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define xtcp_inet6_recverr(sk)	inet6_test_bit(RECVERR6, sk)
#define xtcp_inet6_sndflow(sk)	inet6_test_bit(SNDFLOW, sk)
#define xtcp_inet6_repflow(sk)	inet6_test_bit(REPFLOW, sk)
#else
#define xtcp_inet6_recverr(sk)	(inet6_sk(sk)->recverr)
#define xtcp_inet6_sndflow(sk)	(inet6_sk(sk)->sndflow)
#define xtcp_inet6_repflow(sk)	(inet6_sk(sk)->repflow)
#endif

/* What struct tcp_info has from 6.2 and 6.7 on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define xtcp_info_set_rcv_wnd(info, value)	((info)->tcpi_rcv_wnd = (value))
#else
#define xtcp_info_set_rcv_wnd(info, value)	((void)(value))
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define xtcp_info_set_rtos(info, rtos, recoveries, ms)			\
	((info)->tcpi_total_rto = (rtos),				\
	 (info)->tcpi_total_rto_recoveries = (recoveries),		\
	 (info)->tcpi_total_rto_time = (ms))
#else
#define xtcp_info_set_rtos(info, rtos, recoveries, ms)			\
	((void)(rtos), (void)(recoveries), (void)(ms))
#endif

/*
 * The memory cgroup that the current task shall pay for @sk with, a reference; NULL:
 * none, it has one, or __inet_accept() sees to it, as it does from 6.18 on (of cgroup v1,
 * too). The root pays for nothing, and cgroup v1 counts the sockets of TCP alone before that.
 */
static inline struct mem_cgroup *xtcp_payer(const struct sock *sk)
{
#if defined(CONFIG_MEMCG) && !defined(XTCP_HAVE_SK_CHARGE)
	struct mem_cgroup *memcg;

	if (!mem_cgroup_sockets_enabled || sk->sk_memcg ||
	    !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return NULL;
	memcg = get_mem_cgroup_from_mm(current->mm);
	if (memcg && parent_mem_cgroup(memcg))
		return memcg;
	mem_cgroup_put(memcg);
#endif
	return NULL;
}

/* It pays from now on, for @sk itself (from 6.12 on) as for what it will hold. */
static inline void xtcp_set_payer(struct sock *sk, struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	sk->sk_memcg = memcg;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	kmem_cache_charge(sk, GFP_KERNEL | __GFP_NOFAIL);
#endif
#endif
}

/* From 7.3 on the hash of transmission chooses among equal ways of IPv6 as well. */
#ifdef XTCP_HAVE_ECMP_TXHASH
#define XTCP_ECMP_TXHASH true
#else
#define XTCP_ECMP_TXHASH false
#define ip6_ecmp_set_mp_hash(net, fl6, txhash)	((void)(txhash))
#endif

/* Receive flow steering (RFS) forgets @sk, where it can. */
static inline void xtcp_rps_forget(const struct sock *sk)
{
#ifdef XTCP_HAVE_RPS_DELETE
	sock_rps_delete_flow(sk);
#endif
}

/* SO_TIMESTAMPING: the stamp of what came is asked for. */
static inline bool xtcp_wants_stamp(u32 tsflags)
{
#ifdef XTCP_HAVE_RX_FILTER
	if (tsflags & SOF_TIMESTAMPING_OPT_RX_FILTER && !(tsflags & SOF_TIMESTAMPING_RX_SOFTWARE))
		return false;
#endif
	return tsflags & SOF_TIMESTAMPING_SOFTWARE;
}

/* Memory of all is not its affair, that of its cgroup is (net.core.bypass_prot_mem). */
#ifdef XTCP_HAVE_BYPASS_PROT_MEM
#define xtcp_bypasses(sk)	((sk)->sk_bypass_prot_mem)
#else
#define xtcp_bypasses(sk)	false
#endif

/* What is wrong with a control message, and which are not for us, as the kernel's TCP has it. */
#ifdef XTCP_HAVE_DMABUF_ID
#define xtcp_control_error(err, cookie)	((err) ?: (cookie)->dmabuf_id ? -EINVAL : 0)
#else
#define xtcp_control_error(err, cookie)	((err) ? -EINVAL : 0)
#endif

/* Exported since 6.12 at the latest; without it waiting segments weigh somewhat more. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define skb_condense(skb) ((void)(skb))
#endif

/* A drop reason of its own since 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define SKB_DROP_REASON_TCP_MINTTL	SKB_DROP_REASON_NOT_SPECIFIED
#endif

/* sendfile() went through proto_ops.sendpage before 6.5, and told nobody of its end. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define XTCP_SENDPAGE	.sendpage = sock_no_sendpage,
#define XTCP_SPLICE_EOF
#else
#define XTCP_SENDPAGE
#define XTCP_SPLICE_EOF	.splice_eof = xtcp_splice_eof,
#endif

/*
 * sendfile() and splice() give pages, which a send queue takes as they are, from 6.5 on;
 * with where memory for them is to come from before 6.17 or so.
 */
#ifdef XTCP_HAVE_SPLICE_PAGES
#define XTCP_MSG_SPLICE_PAGES	MSG_SPLICE_PAGES
#else
#define XTCP_MSG_SPLICE_PAGES	0
#define skb_splice_from_iter(skb, iter, most)	(-EOPNOTSUPP)
#endif
#ifdef XTCP_HAVE_SPLICE_GFP
#define xtcp_splice(sk, skb, iter, most)	\
	skb_splice_from_iter(skb, iter, most, (sk)->sk_allocation)
#else
#define xtcp_splice(sk, skb, iter, most)	((void)(sk), skb_splice_from_iter(skb, iter, most))
#endif

/* MSG_ZEROCOPY: text may be a device's memory from 6.16 or so on. */
#ifdef XTCP_HAVE_DEVMEM_TX
#define xtcp_zerocopy_begin(sk, size, last)	msg_zerocopy_realloc(sk, size, last, false)
#define xtcp_zerocopy(sk, skb, msg, most)	\
	skb_zerocopy_iter_stream(sk, skb, msg, most, (msg)->msg_ubuf, NULL)
#else
#define xtcp_zerocopy_begin(sk, size, last)	msg_zerocopy_realloc(sk, size, last)
#define xtcp_zerocopy(sk, skb, msg, most)	\
	skb_zerocopy_iter_stream(sk, skb, msg, most, (msg)->msg_ubuf)
#endif

/* How long what a device brings is held, joined: of each queue since 6.13. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define xtcp_gro_flush_timeout(napi)	((napi)->gro_flush_timeout)
#else
#define xtcp_gro_flush_timeout(napi)	((napi)->dev->gro_flush_timeout)
#endif

#endif
