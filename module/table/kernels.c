// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of the kernel's own TCP, which shares ports with protocol 6. Of what is
 * found there only a state is used: a hint, as old as any segment on its way.
 */

#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <xtcp/compat.h>
#include <xtcp/flow.h>
#include <xtcp/kernels.h>

static struct sock *lookup(const struct xtcp_flow_key *key)
{
	u16 num = ntohs(key->local_port);

	if (key->family == AF_INET) {
		const struct xtcp_addrs4 *addrs = key->addrs;

		return xtcp_kernels_lookup(__inet_lookup_established, key->net, addrs->remote,
					   key->remote_port, addrs->local, num,
					   key->dif, key->sdif);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (key->family == AF_INET6) {
		const struct xtcp_addrs6 *addrs = key->addrs;

		return xtcp_kernels_lookup(__inet6_lookup_established, key->net, &addrs->remote,
					   key->remote_port, &addrs->local, num,
					   key->dif, key->sdif);
	}
#endif
	return NULL;
}

int xtcp_kernels_state(const struct xtcp_flow_key *key)
{
	struct sock *sk;
	int state = 0;

	rcu_read_lock();
	sk = lookup(key);
	if (sk) {
		/* CLOSED: it stands there for one of ours (table/reserve.c). */
		state = sk->sk_state == TCP_CLOSE ? 0 : sk->sk_state;
		sock_gen_put(sk);
	}
	rcu_read_unlock();
	return state;
}

bool xtcp_kernels_listens(const struct xtcp_flow_key *key)
{
	u16 num = ntohs(key->local_port);

	if (key->family == AF_INET) {
		const struct xtcp_addrs4 *addrs = key->addrs;

		return xtcp_kernels_lookup(__inet_lookup_listener, key->net, NULL, 0,
					   addrs->remote, key->remote_port, addrs->local, num,
					   key->dif, key->sdif);
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (key->family == AF_INET6) {
		const struct xtcp_addrs6 *addrs = key->addrs;

		return xtcp_kernels_lookup(inet6_lookup_listener, key->net, NULL, 0,
					   &addrs->remote, key->remote_port, &addrs->local, num,
					   key->dif, key->sdif);
	}
#endif
	return false;
}
