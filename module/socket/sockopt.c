// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options: SOL_TCP under the kernel's numbers (tcp(7)); what is below, and SOL_SOCKET but
 * for SO_ZEROCOPY, by the kernel.
 */

#include <linux/tcp.h>
#include <net/ip.h>
#include <net/sock.h>
#include <xtcp/af.h>
#include <xtcp/hooks.h>
#include <xtcp/knobs.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include <xtcp/push.h>
#include <xtcp/request.h>
#include <xtcp/socket.h>
#include <xtcp/timewait.h>
#include <xtcp/window.h>

/* Bounds of the kernel's options, so that what works there works here. */
enum {
	MAXSEG_MIN	= 88,
	MAXSEG_MAX	= 32767,
	KEEP_MAX_S	= 32767,
	RETRIES_MAX	= 127,
	LINGER2_MAX_S	= 120,
};

/* Store @val times @unit if it is in [@min, @max]. */
static int set_u32(u32 *field, int val, int min, int max, u32 unit)
{
	if (val < min || val > max)
		return -EINVAL;
	*field = val * unit;
	return 0;
}

/* Of a connection: another segment size from now on. */
static void derive_mss(struct sock *sk)
{
	if (!((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT)))
		xtcp_mss_sync(sk, xtcp_sk(sk)->snd.pmtu);
}

static int set_maxseg(struct xtcp_sock *xs, int val)
{
	if (val && (val < MAXSEG_MIN || val > MAXSEG_MAX))
		return -EINVAL;
	xs->snd.mss_clamp = val;
	derive_mss((struct sock *)xs);
	return 0;
}

/* --- SOL_XTCP: a socket's own values of knobs ----------------------------- */

struct own_option {
	size_t own;			/* in struct xtcp_own_knobs */
	size_t knob;			/* in struct xtcp_knobs: range, default */
};

#define OWN(name) {							\
	.own = offsetof(struct xtcp_own_knobs, name),			\
	.knob = offsetof(struct xtcp_knobs, name) }

static const struct own_option own_options[] = {
	[XTCP_SYN_RETRIES]	= OWN(syn_retries),
	[XTCP_SYNACK_RETRIES]	= OWN(synack_retries),
	[XTCP_RTO_INIT_MS]	= OWN(rto_init_ms),
	[XTCP_RTO_MIN_MS]	= OWN(rto_min_ms),
	[XTCP_RTO_MAX_MS]	= OWN(rto_max_ms),
	[XTCP_MSL_MS]		= OWN(msl_ms),
	[XTCP_HANDSHAKE_WAYS]	= OWN(handshake_ways),
	[XTCP_ISN_MODE]		= OWN(isn_mode),
	[XTCP_WIRE_PROTOCOL]	= OWN(wire_protocol),
};

static bool is_own(int name)
{
	return name >= XTCP_SYN_RETRIES && name < (int)ARRAY_SIZE(own_options);
}

static u32 *own_at(struct xtcp_own *own, int name)
{
	return (u32 *)((u8 *)&own->knobs + own_options[name].own);
}

/*
 * A TIME_WAIT outlives its process, and keeps addresses, ports and memory from
 * others: longer than the knob says, only for those who may set that.
 */
static int choose_msl(struct sock *sk, u32 msl_ms)
{
	if (msl_ms != XTCP_OWN_UNSET && msl_ms > xtcp_knob(xtcp_sk_net(sk), msl_ms) &&
	    !ns_capable(sock_net(sk)->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	xtcp_timewait_choose_queue(sk, msl_ms);
	return 0;
}

/* What a new value needs beside itself. Before it is written: it may fail. */
static int prepare_own(struct sock *sk, int name, u32 val)
{
	switch (name) {
	case XTCP_WIRE_PROTOCOL:
		if (val == IPPROTO_TCP && !xtcp_hooks_allowed(xtcp_sk_net(sk)))
			return -EPERM;
		return xtcp_sk(sk)->port ? -EISCONN : 0;
	case XTCP_MSL_MS:
		return choose_msl(sk, val);
	default:
		return 0;
	}
}

/* Context: socket lock. 0, -EINVAL, -EPERM, -ENOMEM. */
static int set_own(struct sock *sk, int name, int val)
{
	u32 value = val == -1 ? XTCP_OWN_UNSET : val;
	struct xtcp_own *own;
	int err = 0;

	if (!is_own(name))
		return -ENOPROTOOPT;
	if (value != XTCP_OWN_UNSET)
		err = xtcp_knobs_check(xtcp_knobs_row(own_options[name].knob), value);
	if (err)
		return err;
	own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);
	err = own ? prepare_own(sk, name, value) : -ENOMEM;
	if (err)
		return err;
	WRITE_ONCE(*own_at(own, name), value);
	if (xtcp_sk_listener(sk))
		xtcp_fifo_kick(&xtcp_sk_listener(sk)->requests);
	return 0;
}

/* What holds for the socket now. */
static int get_own(struct sock *sk, int name, int *val)
{
	u32 own;

	if (!is_own(name))
		return -ENOPROTOOPT;
	own = *(const u32 *)((const u8 *)&xtcp_sk(sk)->own->knobs + own_options[name].own);
	*val = own != XTCP_OWN_UNSET ? own :
		READ_ONCE(*(u32 *)((u8 *)&xtcp_sk_net(sk)->knobs + own_options[name].knob));
	return 0;
}

/* --- SOL_TCP -------------------------------------------------------------- */

static int set_syncnt(struct xtcp_sock *xs, int val)
{
	if (val < 1)
		return -EINVAL;
	return set_own((struct sock *)xs, XTCP_SYN_RETRIES, val);
}

/* tcp(7): what is queued goes out now, be it corked. */
static int set_nodelay(struct xtcp_sock *xs, int val)
{
	u8 cork = xs->snd.cork;

	xs->snd.nodelay = !!val;
	if (!val)
		return 0;
	xs->snd.cork = 0;
	xtcp_push_text((struct sock *)xs);
	xs->snd.cork = cork;
	return 0;
}

static int set_cork(struct xtcp_sock *xs, int val)
{
	xs->snd.cork = !!val;
	if (!val)
		xtcp_push_text((struct sock *)xs);
	return 0;
}

static int set_quickack(struct xtcp_sock *xs, int val)
{
	struct sock *sk = (struct sock *)xs;

	xs->rcv.quick_acks = val ? 16 : 0;
	xs->rcv.quick_aside = 0;
	if (val && xs->due_ns[XTCP_TIMER_DELACK])
		xtcp_output_ack(sk);
	return 0;
}

/* Values that struct xtcp_own keeps. */

/* Seconds, counted in SYN-ACKs that go out meanwhile. */
static int set_defer_accept(struct sock *sk, struct xtcp_own *own, int val)
{
	own->defer_accept = val <= 0 ? 0 : xtcp_request_retries_in(sk, (u64)val * MSEC_PER_SEC);
	return 0;
}

static int set_save_syn(struct xtcp_own *own, int val)
{
	if (val < 0 || val > 2)
		return -EINVAL;
	own->save_syn = val;
	return 0;
}

/* Seconds; negative: an orphan does not wait in FIN_WAIT_2 at all. */
static int set_linger2(struct xtcp_own *own, int val)
{
	own->linger2_ms = val < 0 ? -1 : min_t(int, val, LINGER2_MAX_S) * (int)MSEC_PER_SEC;
	return 0;
}

/* Octets. Only a socket without a connection can be without. */
static int set_window_clamp(struct sock *sk, struct xtcp_own *own, int val)
{
	if (!val && xtcp_sk(sk)->tcb.state != XTCP_CLOSED)
		return -EINVAL;
	WRITE_ONCE(own->window_clamp, val ? max_t(int, val, SOCK_MIN_RCVBUF / 2) : 0);
	return 0;
}

static int set_notsent_lowat(struct sock *sk, struct xtcp_own *own, int val)
{
	WRITE_ONCE(own->notsent_lowat, val);
	sk->sk_write_space(sk);
	return 0;
}

static int set_inq(struct xtcp_own *own, int val)
{
	if (val < 0 || val > 1)
		return -EINVAL;
	own->recv_inq = val;
	return 0;
}

static int set_keepidle(struct sock *sk, struct xtcp_own *own, int val)
{
	int err = set_u32(&own->keepidle_ms, val, 1, KEEP_MAX_S, MSEC_PER_SEC);

	if (!err)
		xtcp_timers_keepidle_set(sk);
	return err;
}

static int set_user_timeout(struct sock *sk, struct xtcp_own *own, int val)
{
	int err = set_u32(&own->user_timeout_ms, val, 0, INT_MAX, 1);

	if (!err)
		xtcp_timers_user_timeout_set(sk);
	return err;
}

/* Fast Open, server: so many children may be without a complete handshake. */
static int set_fastopen(struct sock *sk, int val)
{
	if (val < 0 || ((1 << sk->sk_state) & ~(TCPF_CLOSE | TCPF_LISTEN)))
		return -EINVAL;
	return xtcp_fastopen_limit(sk, val);
}

/* Client: connect() waits for the first write, and goes with it. */
static int set_fastopen_connect(struct sock *sk, struct xtcp_own *own, int val)
{
	if (val < 0 || val > 1)
		return -EINVAL;
	if (!(xtcp_knob(xtcp_sk_net(sk), fastopen) & XTCP_FASTOPEN_CLIENT))
		return -EOPNOTSUPP;
	if (sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	own->fastopen.connect = val;
	return 0;
}

static int set_fastopen_no_cookie(struct sock *sk, struct xtcp_own *own, int val)
{
	if (val < 0 || val > 1 ||
	    ((1 << xtcp_sk(sk)->tcb.state) & ~(TCPF_CLOSE | TCPF_LISTEN)))
		return -EINVAL;
	own->fastopen.no_cookie = val;
	return 0;
}

static int set_kept_in(struct sock *sk, struct xtcp_own *own, int name, int val)
{
	switch (name) {
	case TCP_FASTOPEN:
		return set_fastopen(sk, val);
	case TCP_FASTOPEN_CONNECT:
		return set_fastopen_connect(sk, own, val);
	case TCP_FASTOPEN_NO_COOKIE:
		return set_fastopen_no_cookie(sk, own, val);
	case TCP_KEEPIDLE:
		return set_keepidle(sk, own, val);
	case TCP_KEEPINTVL:
		return set_u32(&own->keepintvl_ms, val, 1, KEEP_MAX_S, MSEC_PER_SEC);
	case TCP_KEEPCNT:
		return set_u32(&own->keepcnt, val, 1, RETRIES_MAX, 1);
	case TCP_LINGER2:
		return set_linger2(own, val);
	case TCP_USER_TIMEOUT:
		return set_user_timeout(sk, own, val);
	case TCP_DEFER_ACCEPT:
		return set_defer_accept(sk, own, val);
	case TCP_SAVE_SYN:
		return set_save_syn(own, val);
	case TCP_WINDOW_CLAMP:
		return set_window_clamp(sk, own, val);
	case TCP_NOTSENT_LOWAT:
		return set_notsent_lowat(sk, own, val);
	case TCP_INQ:
		return set_inq(own, val);
	default:
		return -ENOPROTOOPT;
	}
}

static int set_kept(struct sock *sk, int name, int val)
{
	struct xtcp_own *own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);

	return own ? set_kept_in(sk, own, name, val) : -ENOMEM;
}

static int set_int(struct xtcp_sock *xs, int name, int val)
{
	switch (name) {
	case TCP_NODELAY:
		return set_nodelay(xs, val);
	case TCP_MAXSEG:
		return set_maxseg(xs, val);
	case TCP_CORK:
		return set_cork(xs, val);
	case TCP_SYNCNT:
		return set_syncnt(xs, val);
	case TCP_QUICKACK:
		return set_quickack(xs, val);
	default:
		return set_kept((struct sock *)xs, name, val);
	}
}

/* Only Reno is there; a program that asks for it by name gets it. */
static int set_congestion(sockptr_t val, unsigned int len)
{
	char name[sizeof(xtcp_cong_reno.name)] = "";

	if (len < 1)
		return -EINVAL;
	if (strncpy_from_sockptr(name, val, min_t(long, sizeof(name) - 1, len)) < 0)
		return -EFAULT;
	return strcmp(name, xtcp_cong_reno.name) ? -ENOENT : 0;
}

static int set_fastopen_key(struct sock *sk, sockptr_t val, unsigned int len)
{
	int err;

	lock_sock(sk);
	err = xtcp_fastopen_set_key(sk, val, len);
	release_sock(sk);
	return err;
}

/* Options of the IP header take their octets from every segment. */
static int set_below(struct sock *sk, int level, int name, sockptr_t optval,
		     unsigned int len)
{
	int err = xtcp_sk(sk)->af->setsockopt(sk, level, name, optval, len);

	if (err)
		return err;
	lock_sock(sk);
	derive_mss(sk);
	release_sock(sk);
	return 0;
}

/* The kernel has it for protocols that it knows. */
static int set_zerocopy(struct sock *sk, int val)
{
	if (val < 0 || val > 1)
		return -EINVAL;
	sock_valbool_flag(sk, SOCK_ZEROCOPY, val);
	return 0;
}

static int set_at(struct sock *sk, int level, int name, int val)
{
	switch (level) {
	case SOL_SOCKET:
		return set_zerocopy(sk, val);
	case SOL_XTCP:
		return set_own(sk, name, val);
	default:
		return set_int(xtcp_sk(sk), name, val);
	}
}

int xtcp_setsockopt(struct sock *sk, int level, int name, sockptr_t optval,
		    unsigned int len)
{
	int val, err;

	if (level == SOL_SOCKET && name != SO_ZEROCOPY)
		return sock_setsockopt(sk->sk_socket, level, name, optval, len);
	if (level != SOL_SOCKET && level != SOL_TCP && level != SOL_XTCP)
		return set_below(sk, level, name, optval, len);
	if (level == SOL_TCP && name == TCP_CONGESTION)
		return set_congestion(optval, len);
	if (level == SOL_TCP && name == TCP_FASTOPEN_KEY)
		return set_fastopen_key(sk, optval, len);
	if (len < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	err = set_at(sk, level, name, val);
	release_sock(sk);
	return err;
}

/* --- reading -------------------------------------------------------------- */

static u32 maxseg(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) && xs->snd.mss_clamp)
		return xs->snd.mss_clamp;
	return xs->snd.mss;
}

static int linger2_s(const struct sock *sk)
{
	s32 ms = xtcp_sk(sk)->own->linger2_ms;

	if (ms < 0)
		return -1;
	return (ms ?: xtcp_knob(xtcp_sk_net(sk), fin_timeout_ms)) / MSEC_PER_SEC;
}

static u32 window_clamp(const struct sock *sk)
{
	if (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_LISTEN)
		return xtcp_sk(sk)->own->window_clamp;
	return xtcp_sk(sk)->own->window_clamp ?: xtcp_window_largest(sk);
}

/* How long and how often: where the socket has no value, the knob's. */
static int get_patience(struct sock *sk, int name, int *val)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_net *xn = xtcp_sk_net(sk);

	switch (name) {
	case TCP_KEEPIDLE:
		*val = (xs->own->keepidle_ms ?: xtcp_knob(xn, keepalive_time_ms)) / MSEC_PER_SEC;
		break;
	case TCP_KEEPINTVL:
		*val = (xs->own->keepintvl_ms ?: xtcp_knob(xn, keepalive_intvl_ms)) / MSEC_PER_SEC;
		break;
	case TCP_KEEPCNT:
		*val = xs->own->keepcnt ?: xtcp_knob(xn, keepalive_probes);
		break;
	case TCP_SYNCNT:
		*val = xtcp_sk_knob(sk, syn_retries);
		break;
	case TCP_LINGER2:
		*val = linger2_s(sk);
		break;
	case TCP_DEFER_ACCEPT:
		*val = div_u64(xtcp_request_retries_ms(sk, xs->own->defer_accept), MSEC_PER_SEC);
		break;
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

static int get_int(struct sock *sk, int name, int *val)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	switch (name) {
	case TCP_NODELAY:
		*val = xs->snd.nodelay;
		break;
	case TCP_MAXSEG:
		*val = maxseg(sk);
		break;
	case TCP_CORK:
		*val = xs->snd.cork;
		break;
	case TCP_QUICKACK:
		*val = xs->rcv.quick_acks || xs->rcv.quick_aside;
		break;
	case TCP_USER_TIMEOUT:
		*val = xs->own->user_timeout_ms;
		break;
	case TCP_SAVE_SYN:
		*val = xs->own->save_syn;
		break;
	case TCP_WINDOW_CLAMP:
		*val = window_clamp(sk);
		break;
	case TCP_NOTSENT_LOWAT:
		*val = xs->own->notsent_lowat;
		break;
	case TCP_INQ:
		*val = xs->own->recv_inq;
		break;
	case TCP_FASTOPEN:
		*val = xs->own->fastopen.early_max;
		break;
	case TCP_FASTOPEN_CONNECT:
		*val = xs->own->fastopen.connect;
		break;
	case TCP_FASTOPEN_NO_COOKIE:
		*val = xs->own->fastopen.no_cookie;
		break;
	default:
		return get_patience(sk, name, val);
	}
	return 0;
}

static int put(char __user *optval, int __user *optlen, const void *from, int size,
	       int len)
{
	len = min(len, size);
	if (put_user(len, optlen) || copy_to_user(optval, from, len))
		return -EFAULT;
	return 0;
}

static int get_info(struct sock *sk, char __user *optval, int __user *optlen, int len)
{
	struct tcp_info info = { };

	lock_sock(sk);
	xtcp_info_fill(sk, &info);
	release_sock(sk);
	return put(optval, optlen, &info, sizeof(info), len);
}

/* The namespace's key is not a program's to see. */
static int get_fastopen_key(struct sock *sk, char __user *optval, int __user *optlen, int len)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	unsigned int size;

	lock_sock(sk);
	size = xtcp_fastopen_get_key(sk, octets);
	release_sock(sk);
	return put(optval, optlen, octets, size, len);
}

/* TCP_SAVED_SYN: once; too small a buffer is told how much there is. */
static int get_saved_syn(struct sock *sk, char __user *optval, int __user *optlen, int len)
{
	struct xtcp_saved_syn *syn;
	int err;

	lock_sock(sk);
	syn = xtcp_sk(sk)->own->saved_syn;
	if (syn && len < syn->len) {
		err = put_user(syn->len, optlen) ? -EFAULT : -EINVAL;
	} else {
		err = put(optval, optlen, syn ? syn->data : NULL, syn ? syn->len : 0, len);
		if (!err && syn) {
			xtcp_own(sk)->saved_syn = NULL;
			kfree(syn);
		}
	}
	release_sock(sk);
	return err;
}

int xtcp_getsockopt(struct sock *sk, int level, int name, char __user *optval,
		    int __user *optlen)
{
	bool tcp = level == SOL_TCP;
	int val = 0, len, err;

	if (!tcp && level != SOL_XTCP)
		return xtcp_sk(sk)->af->getsockopt(sk, level, name, optval, optlen);
	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (tcp && name == TCP_INFO)
		return get_info(sk, optval, optlen, len);
	if (tcp && name == TCP_SAVED_SYN)
		return get_saved_syn(sk, optval, optlen, len);
	/* Reno has none, as the kernel's. */
	if (tcp && name == TCP_CC_INFO)
		return put(optval, optlen, NULL, 0, len);
	if (tcp && name == TCP_FASTOPEN_KEY)
		return get_fastopen_key(sk, optval, optlen, len);
	if (tcp && name == TCP_CONGESTION)
		return put(optval, optlen, xtcp_sk(sk)->cong.ops->name,
			   sizeof(xtcp_cong_reno.name), len);
	lock_sock(sk);
	err = tcp ? get_int(sk, name, &val) : get_own(sk, name, &val);
	release_sock(sk);
	return err ?: put(optval, optlen, &val, sizeof(val), len);
}
