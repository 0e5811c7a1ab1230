// The providers' own libraries against the gateway: one scenario per run, named by the argument.
// Prints what a test compares, as one JSON object; an error is an answer, too.
const [scenario] = process.argv.slice(2);

const anthropicModule = process.env.OLD_SDK ? 'anthropic-sdk-0' : '@anthropic-ai/sdk';
const question = [{ role: 'user', content: 'what is in row 7?' }];

async function anthropic() {
  const { default: Anthropic } = await import(anthropicModule);
  return new Anthropic(); // key and base URL from the environment, as a job has them
}
async function openai() {
  const { default: OpenAI } = await import('openai');
  return new OpenAI();
}

const ask = { model: 'claude-test-1', max_tokens: 100, messages: question };
const chat = { model: 'gpt-test-1', messages: question };

const scenarios = {
  async message() {
    const got = await (await anthropic()).messages.create(ask);
    return { text: got.content[0].text, stop: got.stop_reason };
  },
  async stream() {
    const stream = (await anthropic()).messages.stream(ask);
    let pieces = 0;
    stream.on('text', () => { pieces += 1; });
    const got = await stream.finalMessage();
    return { text: got.content[0].text, pieces, output: got.usage.output_tokens };
  },
  async count_tokens() {
    const client = await anthropic();
    const got = await client.messages.countTokens({ model: 'claude-test-1', messages: question });
    return { tokens: got.input_tokens };
  },
  async chat() {
    const got = await (await openai()).chat.completions.create(chat);
    return { text: got.choices[0].message.content };
  },
  async chat_stream() {
    const stream = await (await openai()).chat.completions.create({ ...chat, stream: true });
    let text = '';
    let usage = false;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? '';
      usage ||= Boolean(chunk.usage);
    }
    return { text, usage };
  },
  async responses() {
    const got = await (await openai()).responses.create({ model: 'gpt-test-1', input: 'hi' });
    return { text: got.output_text };
  },
  async responses_stream() {
    const client = await openai();
    const stream = await client.responses.create({ model: 'gpt-test-1', input: 'hi', stream: true });
    const types = [];
    for await (const event of stream) types.push(event.type);
    return { types };
  },
};

try {
  console.log(JSON.stringify(await scenarios[scenario]()));
} catch (error) {
  console.log(JSON.stringify({
    name: error.constructor.name, status: error.status ?? null, message: String(error.message),
  }));
}
