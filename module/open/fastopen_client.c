// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open (RFC 7413) of a client: it asks for a cookie in its first SYN to a server,
 * keeps the answer (table/fastopen_cache.c), and puts text into the next. What becomes
 * of that: engine/fastopen.c.
 */

#include <linux/tcp.h>
#include <net/inet_common.h>
#include <xtcp/active.h>
#include <xtcp/af.h>
#include <xtcp/compat.h>
#include <xtcp/fastopen.h>
#include <xtcp/sock.h>
#include <xtcp/write.h>

static bool pausing(struct sock *sk)
{
	u64 pause_ms = xtcp_knob(xtcp_sk_net(sk), fastopen_blackhole_ms);
	struct xtcp_fastopen_net *fn = &xtcp_sk_net(sk)->fastopen;
	int holes = atomic_read(&fn->holes);

	if (!holes || !pause_ms)
		return false;
	pause_ms <<= min(holes - 1, 6);
	if (ktime_get_ns() - READ_ONCE(fn->hole_ns) < pause_ms * NSEC_PER_MSEC)
		return true;
	xtcp_own(sk)->fastopen.after_hole = 1;
	return false;
}

static bool sends_no_cookie(struct sock *sk)
{
	return xtcp_fastopen_enabled(sk, XTCP_FASTOPEN_CLIENT_NO_COOKIE) ||
	       xtcp_sk(sk)->own->fastopen.no_cookie || xtcp_fastopen_route_needs_none(__sk_dst_get(sk));
}

/* RFC 7413 4.1.3.1: after a loss, keep to ordinary SYNs for a while, then longer. */
static bool shy(const struct sock *sk, const struct xtcp_fastopen_server *server)
{
	u64 wait_ms = xtcp_knob(xtcp_sk_net(sk), fastopen_loss_ms);

	return server->losses &&
	       ktime_get_ns() - server->lost_ns <
	       (wait_ms << min(server->losses - 1, 10)) * NSEC_PER_MSEC;
}

/* May our SYN carry text? */
static bool may_try(struct sock *sk, struct xtcp_fastopen_server *server)
{
	xtcp_fastopen_recall(xtcp_sk_net(sk), &xtcp_sk(sk)->flow, server);
	if (pausing(sk) || shy(sk, server))
		return false;
	return server->cookie.len || sends_no_cookie(sk);
}

bool xtcp_fastopen_defer(struct sock *sk)
{
	const struct xtcp_fastopen *fo = &xtcp_sk(sk)->own->fastopen;
	struct xtcp_fastopen_server server;

	if (!fo->connect || fo->syn_text || !may_try(sk, &server))
		return false;
	xtcp_own(sk)->fastopen.deferred = 1;
	xtcp_set_defer_connect(sk, true);
	return true;
}

/*
 * RFC 7413 4.2.1: what surely fits, whatever other options there are. Who sends
 * without a cookie vouches for the server, also that it takes what the path does.
 */
static u32 room_in_syn(struct sock *sk, const struct xtcp_fastopen_server *server)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);
	u32 mss = server->mss ?: (server->cookie.len ? xs->af->mss_default : U16_MAX);
	u32 mtu = dst ? dst_mtu(dst) : xs->snd.pmtu;

	if (xs->snd.mss_clamp)
		mss = min_t(u32, mss, xs->snd.mss_clamp);
	mss = min_t(u32, mss, mtu - xs->af->ip_header_len - sizeof(struct tcphdr));
	return mss - min_t(u32, mss, XTCP_OPTIONS_MAX + xs->af->options_len(sk));
}

bool xtcp_fastopen_offer(struct sock *sk, struct xtcp_fastopen_cookie *cookie)
{
	struct xtcp_own *own = xtcp_own(sk);
	struct xtcp_fastopen *fo = own ? &own->fastopen : NULL;
	struct xtcp_fastopen_server server;
	struct msghdr *text;
	bool try, option;

	if (!fo || (!fo->syn_text && !fo->connect))
		return false;
	text = fo->syn_text;
	fo->syn_text = NULL;
	try = may_try(sk, &server);
	*cookie = server.cookie;
	if (!try && server.cookie.len)
		return false;
	if (try && text)
		fo->text = xtcp_write_into_syn(sk, text, room_in_syn(sk, &server));
	else if (!try)
		fo->client_fail = TFO_COOKIE_UNAVAILABLE;
	fo->experiment = cookie->experiment;
	option = !sends_no_cookie(sk) && !pausing(sk);
	fo->tried = option || fo->text;
	return option;
}

static bool wants_disconnect(const struct msghdr *msg)
{
	const struct sockaddr *addr = msg->msg_name;

	return addr && msg->msg_namelen >= sizeof(addr->sa_family) &&
	       addr->sa_family == AF_UNSPEC;
}

int xtcp_fastopen_send(struct sock *sk, struct msghdr *msg, int *copied)
{
	int flags = msg->msg_flags & MSG_DONTWAIT ? O_NONBLOCK : 0;
	size_t before = msg_data_left(msg);
	struct xtcp_fastopen *fo;
	struct xtcp_own *own;
	int err;

	if (!xtcp_fastopen_enabled(sk, XTCP_FASTOPEN_CLIENT) || wants_disconnect(msg))
		return -EOPNOTSUPP;
	own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);
	if (!own)
		return -ENOBUFS;
	fo = &own->fastopen;
	fo->syn_text = msg;
	if (fo->deferred) {
		fo->deferred = 0;
		/* Unless it was aborted, or the peer called at the same time. */
		if (sk->sk_state == TCP_SYN_SENT)
			xtcp_active_send_syn(sk);
		err = __inet_stream_connect(sk->sk_socket, NULL, 0, flags, 1);
		xtcp_set_defer_connect(sk, false);
	} else {
		err = __inet_stream_connect(sk->sk_socket, msg->msg_name,
					    msg->msg_namelen, flags, 1);
	}
	fo->syn_text = NULL;
	*copied = before - msg_data_left(msg);
	return err;
}
