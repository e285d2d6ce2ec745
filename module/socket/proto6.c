// SPDX-License-Identifier: GPL-2.0
/* AF_INET6 sockets: struct proto and struct proto_ops differ little. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <net/ipv6.h>
#include <net/protocol.h>
#include <net/transp_v6.h>
#include <xtcp/af.h>
#include <xtcp/sock.h>
#include <xtcp/socket.h>

static struct proto prot;
static struct proto_ops stream_ops __ro_after_init;	/* filled from the other */

static struct inet_protosw protosw = {
	.type		= SOCK_STREAM,
	.protocol	= IPPROTO_XTCP,
	.prot		= &prot,
	.ops		= &stream_ops,
	.flags		= 0,
};

static void destruct(struct sock *sk)
{
	xtcp_fastopen_free(sk);
	xtcp_own_free(xtcp_sk(sk)->own);
	inet6_sock_destruct(sk);
}

static int pre_connect(struct sock *sk, xtcp_sockaddr_t *addr, int len)
{
	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	return xtcp_cgroup_connect6(sk, addr, &len);
}

static int init(struct sock *sk)
{
	int err = xtcp_prot.init(sk);

	sk->sk_destruct = destruct;
	return err;
}

static void __init fill(void)
{
	BUILD_BUG_ON(offsetofend(struct xtcp6_sock, inet6) != sizeof(struct xtcp6_sock));
	BUILD_BUG_ON(offsetof(struct xtcp6_sock, addrs6) != offsetofend(struct xtcp_sock, flow));

	prot = xtcp_prot;
	strscpy(prot.name, "XTCPv6", sizeof(prot.name));
	prot.slab = NULL;
	memset(&prot.node, 0, sizeof(prot.node));
	prot.obj_size = sizeof(struct xtcp6_sock);
	xtcp_set_pinfo_offset(&prot, offsetof(struct xtcp6_sock, inet6));
	prot.init = init;
	prot.pre_connect = pre_connect;

	stream_ops = xtcp_stream_ops;
	stream_ops.family = PF_INET6;
	stream_ops.release = inet6_release;
	stream_ops.bind = inet6_bind;
	stream_ops.getname = inet6_getname;
	stream_ops.ioctl = inet6_ioctl;
#ifdef CONFIG_COMPAT
	stream_ops.compat_ioctl = inet6_compat_ioctl;
#endif
}

int __init xtcp_proto6_register(void)
{
	int err;

	if (!ipv6_mod_enabled()) {
		pr_info("IPv6 is disabled on this machine; IPv4 only\n");
		return 0;
	}
	fill();
	xtcp_ipv6_fill_mapped_ops();
	err = proto_register(&prot, 1);
	if (err)
		return err;
	err = inet6_register_protosw(&protosw);
	if (err)
		proto_unregister(&prot);
	return err;
}

void xtcp_proto6_unregister(void)
{
	if (!ipv6_mod_enabled())
		return;
	inet6_unregister_protosw(&protosw);
	proto_unregister(&prot);
}
