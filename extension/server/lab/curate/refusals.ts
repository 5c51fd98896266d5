/**
 * Refusals and phrases about being a model, in the first 200 characters of an answer. They are anchored at the
 * beginning
 * of the answer or of a sentence, and an apology alone is none: people ask for letters that begin with one.
 */

export function isRefusal(answer: string): boolean {
  return refusal.test(answer.slice(0, reach).replaceAll('’', "'"));
}

const reach = 200;

const cannot = String.raw`(?:can ?not|can't|could ?n't|am (?:not able|unable)|'m (?:not able|unable)|(?:am|'m) afraid (?:that )?I (?:can't|cannot)|won't|will not|do not have|don't have|am not (?:allowed|programmed|capable)|'m not (?:allowed|programmed|capable)|must (?:decline|refuse)|have to decline)`;
const act = String.raw`(?:to )?(?:be able to |in good conscience )?(?:help|assist|provid|fulfil|compl(?:y|ete) |answer|generat|creat|produc|writ|respond|engag|support|discuss|share |give |offer|perform|process|access|brows|determin|understand|continu|do (?:that|this)|form (?:an )?opinions?|the (?:ability|capability|capacity)|(?:any |enough |sufficient )(?:information|context)|personal|real-time|of |with )`;

const refusal = new RegExp(
  [
    // "As an AI language model", wherever a sentence or a clause begins.
    String.raw`(?:^|[.!?,:;]\s+|\n|\b(?:but|since|because|that) )(?:as|being|i(?: a|')m(?: just| only| simply)?) an? (?:\w+ ){0,2}(?:ai|artificial intelligence|(?:large |ai )?language model|chatbot|virtual assistant)\b(?! (?:researcher|engineer|developer|expert|scientist|company|student|enthusiast))`,
    // "I'm sorry, but I cannot help", and the same without the apology.
    String.raw`(?:^|[.!?]\s+|\n)(?:(?:i'?m|i am|we are) (?:very |so |truly |really )?(?:sorry|afraid)|(?:my |i )?apolog(?:ies|ize|ise)|sorry|i regret to inform you|unfortunately|regrettably)\b[^.!?\n]{0,60}?\bI\s?${cannot}\b\s?${act}`,
    String.raw`^I\s?${cannot} ${act}`,
    // It did not understand, which an answer does not begin with.
    String.raw`^(?:(?:i'?m|i am) (?:really |very |so )?)?sorry,? (?:but )?(?:I (?:do not|don't|did not|didn't) (?:quite |fully )?(?:understand|have)|I(?:'m| am) (?:not sure|unsure|unclear)|there is not enough|the (?:question|prompt|request|input) (?:is|does|you))`,
    String.raw`^it is (?:not possible|impossible) for me to\b`,
    // "It is not appropriate for me to", "this request violates".
    String.raw`^(?:(?:i'?m )?sorry,? (?:but )?)?(?:it (?:is|would be) (?:not |in)appropriate|it is (?:unethical|against my)|your request (?:violates|goes against)|this (?:request|content|prompt) (?:violates|may violate|goes against|is against))`,
    String.raw`^(?:(?:i'?m )?sorry,? (?:but )?)?(?:that'?s|this is) (?:not )?(?:something|a (?:request|topic)) (?:that )?I (?:can't|cannot|can|am unable)`,
    String.raw`(?:^|[.!?]\s+)my (?:programming|guidelines|training) (?:does not|do not|doesn't|don't|prevents?|prohibits?)`,
    String.raw`^(?:please )?(?:provide|give me) (?:me )?(?:more|additional|further) (?:context|information|details)\b`,
  ].join('|'),
  'iu',
);
